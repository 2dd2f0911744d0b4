/**
 * Whether it is a scheme, host and port as URLs are normalised, such as `https://api.example.com`. A
 * star would be taken for a pattern, and there are none.
 */
export function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value && /^https?:[^*]*$/.test(value);
}
