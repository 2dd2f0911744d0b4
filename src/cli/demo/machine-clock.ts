/**
 * Milliseconds on a clock that all processes of this machine share and that never goes backwards,
 * so that a moment noted by one agent can be compared with one noted by another.
 */
export function machineNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
