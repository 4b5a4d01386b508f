// Messages that pass by. Errors of requests end here when no place on the screen is closer to what was asked.

import { Toast } from '@base-ui/react/toast';

export const toasts = Toast.createToastManager();

export function tell(title: string, description?: string): void {
  toasts.add({ title, ...(description === undefined ? {} : { description }), timeout: 4_000, type: 'info' });
}

export function complain(title: string, error: unknown): void {
  toasts.add({
    title,
    description: error instanceof Error ? error.message : String(error),
    timeout: 9_000,
    type: 'error',
    priority: 'high',
  });
}

/** For promises nobody waits for: a failure is said, never swallowed. */
export function orComplain(promise: Promise<unknown>, title: string): void {
  promise.catch((error: unknown) => complain(title, error));
}
