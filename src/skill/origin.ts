/** Whether it is a scheme, host and port as URLs are normalised, such as `https://api.example.com`. */
export function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value);
}
