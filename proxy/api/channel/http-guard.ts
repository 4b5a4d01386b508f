// What every request to the app's server must be, and what every answer says to the browser. A page of another site can make a
// browser send requests here (also under a name of its own that resolves to 127.0.0.1): Host and Origin tell. Pure.
// Source: design, "Processes" (Origin and Host checked; strict CSP); Fetch standard, "Origin header"; CSP Level 3.
import type { IncomingHttpHeaders } from 'node:http';

/** The origin of the desktop app's own protocol. */
export const DESKTOP_ORIGIN = 'app://gatehouse';

/** Is the Host header one of ours? */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}` || host === `[::1]:${port}`;
}

/** `required`: WebSocket upgrades always carry an Origin in a browser; what has none is no window. */
export function isOwnOrigin(headers: IncomingHttpHeaders, required: boolean): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return !required;
  return origin === `http://${host ?? ''}` || origin === DESKTOP_ORIGIN;
}

/** No eval, nothing remote, no frames. Inline styles: the editor component sets them. */
export function securityHeaders(host: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self' ws://${host}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=(self), clipboard-write=(self)',
  };
}
