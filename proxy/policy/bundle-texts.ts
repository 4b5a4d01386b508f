// The policies of a bundle as texts, for people who want to read what governs them. Taken when the bundle is loaded, so that
// what is shown is what rules.
import { type BundleFiles, readBundleFolder } from './bundle-files.ts';
import { loadBundleFiles } from './bundle.ts';
import { cutPolicies } from './policy-source.ts';
import { bundleFolder } from './profile-bundle.ts';

export interface PolicyText {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly reason: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface BundleTexts {
  readonly folder: string;
  /** Checked again when first asked for. */
  readonly policies: () => readonly PolicyText[];
}

export function readBundleTexts(home: string): BundleTexts {
  const folder = bundleFolder(home);
  const read = readBundleFolder(folder);
  let known: readonly PolicyText[] | undefined;
  return { folder, policies: () => (known ??= 'ok' in read ? textsOf(read.ok) : []) };
}

function textsOf(files: BundleFiles): PolicyText[] {
  const loaded = loadBundleFiles(files);
  if (!('bundle' in loaded)) return [];
  const texts = new Map<string, string>();
  for (const [file, text] of files) {
    if (!file.startsWith('policies/')) continue;
    const cut = cutPolicies(file, text);
    if (!('ok' in cut)) continue;
    for (const source of cut.ok) texts.set(`${file}:${text.slice(0, source.start).split('\n').length}`, source.text);
  }
  return [...loaded.bundle.policies.values()].map(({ id, effect, reason, file, line }) => ({
    id,
    effect,
    reason: reason ?? '',
    file,
    line,
    text: texts.get(`${file}:${line}`) ?? '',
  }));
}
