// loadBundle(): a folder becomes a PolicyEngine, or a list of everything that is wrong with it. There is no half: one unknown
// key refuses the bundle. Source: design, "Policies", Bundle and activation (unsigned folder; signatures come with the hub).
import { type BundleTestFile, readBundleTests } from './bundle-test-format.ts';
import { type BundleFiles, digestOf, readBundleFolder } from './bundle-files.ts';
import { loadSlot } from './cedar.ts';
import { Classification, classificationFlaws, classificationSchema } from './classification.ts';
import { Decisions } from './decision.ts';
import type { Answer, BundleFacts, ConnectionFacts, Limits, PolicyEngine, PolicySettings, Principal, Question } from './engine.ts';
import { isAtLeast, type Manifest, manifestSchema } from './manifest.ts';
import type { Mask } from '../masking/mask.ts';
import type { ColumnName } from '../sql/analysis.ts';
import { type Policy, readPolicySet } from './policy-set.ts';
import { type Problem, problemOf } from './problem.ts';
import { type BundleSettings, bundleSettings, settingsSchema } from './settings.ts';
import { readDocument } from './strict-document.ts';
import { strictestMask } from './strictest-mask.ts';

/** What a bundle holds beside its engine: for `policy lint|test` and the "Managed by" page. */
export interface Bundle {
  readonly manifest: Manifest;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly locked: ReadonlySet<string>;
  readonly tests: readonly BundleTestFile[];
}

export type BundleLoad = { readonly ok: PolicyEngine; readonly bundle: Bundle } | { readonly problems: readonly Problem[] };

export interface LoadOptions {
  /** Refuses bundles that need a newer version. */
  readonly appVersion?: string;
}

export function loadBundle(folder: string, options: LoadOptions = {}): BundleLoad {
  const read = readBundleFolder(folder);
  return 'problems' in read ? read : loadBundleFiles(read.ok, options);
}

/** The pure part: texts in, engine or problems out. */
export function loadBundleFiles(files: BundleFiles, options: LoadOptions = {}): BundleLoad {
  const manifest = readDocument('manifest.json', files.get('manifest.json') ?? '', manifestSchema);
  const settings = readDocument('settings.json', files.get('settings.json') ?? '', settingsSchema);
  const classification = readDocument('classification.yaml', files.get('classification.yaml') ?? '', classificationSchema);
  const tests = readBundleTests(files);
  const problems: Problem[] = [manifest, settings, classification, tests].flatMap((part) => ('problems' in part ? part.problems : []));
  if ('ok' in classification) problems.push(...classificationFlaws(classification.ok));
  if ('ok' in manifest && options.appVersion !== undefined && !isAtLeast(options.appVersion, manifest.ok.value.minAppVersion))
    problems.push(manifest.ok.at(['minAppVersion'], `needs Gatehouse ${manifest.ok.value.minAppVersion}; this is ${options.appVersion}`));

  const tags = new Set('ok' in classification ? Object.keys(classification.ok.value.tags) : []);
  const policies = 'ok' in classification ? readPolicySet(files, tags) : { problems: [] };
  if ('problems' in policies) problems.push(...policies.problems);
  if (problems.length > 0 || !('ok' in manifest && 'ok' in settings && 'ok' in classification && 'ok' in tests && 'ok' in policies))
    return { problems };

  // The idle slot takes it now, so that what can't be loaded is known before it rules.
  const loaded = loadSlot(policies.ok.compiled);
  if ('errors' in loaded) return { problems: loaded.errors.map((error) => problemOf('policies', error)) };
  const { organisation, channel, sequence } = manifest.ok.value;
  const own = bundleSettings(settings.ok.value);
  const facts: BundleFacts = { id: `${organisation}/${channel}`, sequence, managed: false, version: digestOf(files) };
  const engine = new BundleEngine(facts, new Decisions(policies.ok), new Classification(classification.ok.value), own);
  return { ok: engine, bundle: { manifest: manifest.ok.value, policies: policies.ok.policies, locked: own.locked, tests: tests.ok } };
}

class BundleEngine implements PolicyEngine {
  readonly bundle: BundleFacts;
  readonly settings: PolicySettings;
  readonly #decisions: Decisions;
  readonly #classification: Classification;
  readonly #limits: BundleSettings['limits'];
  readonly #masks = new Map<string, Mask>();

  constructor(bundle: BundleFacts, decisions: Decisions, classification: Classification, settings: BundleSettings) {
    this.bundle = bundle;
    this.settings = settings.settings;
    this.#decisions = decisions;
    this.#classification = classification;
    this.#limits = settings.limits;
  }

  decide(question: Question): Answer {
    // A column whose tags have no mask is visible: there is nothing to reveal, and no policy is asked. Without tags one is asked.
    const { action, resource } = question;
    if (action === 'reveal' && resource.kind === 'column' && resource.tags.length > 0 && !this.hides(resource.tags)) {
      return { kind: 'allow', policies: [] };
    }
    return this.#decisions.decide(question);
  }

  tagsOf(connection: ConnectionFacts, column: ColumnName, type?: string): readonly string[] {
    return this.#classification.tagsOf(connection, column, type);
  }

  isUntrusted(tags: readonly string[]): boolean {
    return tags.some((tag) => this.#classification.tags.get(tag)?.untrusted === true);
  }

  hides(tags: readonly string[]): boolean {
    return tags.some((tag) => {
      const facts = this.#classification.tags.get(tag);
      return facts === undefined || facts.mask !== undefined;
    });
  }

  maskFor(tags: readonly string[]): Mask {
    const key = tags.join(' ');
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const mask = strictestMask(tags, this.#classification.tags);
    if (this.#masks.size < 1000) this.#masks.set(key, mask);
    return mask;
  }

  isCleanFunction(connection: ConnectionFacts, routine: { schema: string; name: string }): boolean {
    return this.#classification.isCleanFunction(connection, routine);
  }

  limitsOf(principal: Principal): Limits {
    return this.#limits[principal.kind];
  }
}
