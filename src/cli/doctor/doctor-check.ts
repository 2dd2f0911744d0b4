/** One finding of `doctor`. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do about it; absent when all is well. */
  readonly remedy?: string;
}

export function ok(name: string, message: string): DoctorCheck {
  return { name, status: "ok", message };
}

export function warn(name: string, message: string, remedy: string): DoctorCheck {
  return { name, status: "warn", message, remedy };
}

export function fail(name: string, message: string, remedy: string): DoctorCheck {
  return { name, status: "fail", message, remedy };
}
