// The environment of a connection as colour and shape, so that it does not hang on colour alone.

import type { Environment } from '../../contracts/ui.ts';

export function EnvDot({ environment }: { readonly environment: Environment | undefined }) {
  return <span className={`env-dot ${environment ?? ''}`} aria-hidden="true" />;
}
