// Names and numbers as the report prints them.
import type { Decision, Figure } from './report';
import { safe } from '../src/words';

interface Name {
  name: string;
  what: string;
}

const kModels: Record<string, Name> = {
  additive: { name: 'Additive model', what: 'learned from both: how rare what is seen is among honest programs adds up' },
  layered: { name: 'Layered model', what: 'the kind of the model that comes with Davy: an additive model, and trees for what it leaves over' },
  forest: { name: 'Random forest', what: 'learned from miners and honest programs' },
  boost: { name: 'Boosted trees', what: 'xgboost; learned from both' },
  svm: { name: 'Support vector machine', what: 'libsvm; learned from both' },
  ocsvm: { name: 'One-class SVM', what: 'learned from honest programs alone' },
  iforest: { name: 'Isolation forest', what: 'learned from honest programs alone' },
  iforest_mixed: { name: 'Isolation forest, mixed', what: 'learned from both without labels' },
  rules: { name: 'Rules', what: 'written by hand; nothing is learned' },
};

const kSplits: Record<string, Name> = {
  grouped: { name: 'By family', what: 'no family is both learned from and judged: the one that counts' },
  leave_one_family_out: { name: 'One family left out', what: 'each family of miners judged by a model that saw all the others' },
  leave_one_core_out: { name: 'One core left out', what: 'all miners that share a hashing core are judged together: harder' },
  time_ordered: { name: 'By time', what: 'learned from what was recorded earlier, judged on the last third' },
  random_runs: { name: 'Runs at random', what: 'leaky: another run of the same program was learned from' },
  random_windows: { name: 'Windows at random', what: 'leaky: other windows of the same run were learned from' },
  overlapping_windows: { name: 'Overlapping windows at random', what: 'leaky: windows that share up to nine tenths of what they saw' },
};

export const alert_is = (decision: Decision): string =>
  decision.kind === 'counting'
    ? `An alert is ${decision.needed} of the last ${decision.of} windows at or above the threshold.`
    : 'An alert is evidence at or above the threshold, gathered over windows as far as they do not repeat each other.';
export const decide_flag = (decision: Decision): string => (decision.kind === 'counting' ? `${decision.needed}/${decision.of}` : 'evidence');

export const kCounts = 'grouped';
export const kLeaky = ['random_runs', 'random_windows', 'overlapping_windows'];
export const kSplitOrder = Object.keys(kSplits);

export const model_name = (id: string): string => kModels[id]?.name ?? safe(id);
export const model_what = (id: string): string => kModels[id]?.what ?? '';
export const split_name = (id: string): string => kSplits[id]?.name ?? safe(id);
export const split_what = (id: string): string => kSplits[id]?.what ?? '';

const kSources: Record<string, string> = {
  'public-miner': 'Public miners, run as their authors mean them to be',
  malware: 'Miners deployed the way malware does',
  'own-worker': 'Workers of our own',
  legitimate: 'Programs that others wrote',
  unknown: 'Unknown',
};
export const source_name = (id: string): string => kSources[id] ?? safe(id);

/** A share in percent, with as many digits as it needs: "92 %", "0.4 %", "0.001 %". */
export function share(value: number): string {
  const percent = 100 * value;
  if (percent === 0 || percent >= 99.95) return `${percent.toFixed(0)}\u00a0%`;
  if (percent > 99 || (percent < 10 && percent >= 0.95)) return `${percent.toFixed(1).replace(/\.0$/, '')}\u00a0%`;
  if (percent >= 10) return `${percent.toFixed(0)}\u00a0%`;
  return percent < 0.001 ? '<0.001\u00a0%' : `${Number(percent.toPrecision(1))}\u00a0%`;
}

export const range = (figure: Figure, words: (value: number) => string): string =>
  figure.high === null ? `at least ${words(figure.low)}` : `${words(figure.low).replace(/\u00a0%$/, '')}–${words(figure.high)}`;

/** "92 % (62–98 %)" */
export const share_with_range = (figure: Figure): string =>
  figure.value === null ? 'not known' : `${share(figure.value)} (${range(figure, share)})`;

/** A count that may be in part, a mean over repeats: "9", "7.4". */
export const count = (value: number): string => (Math.abs(value - Math.round(value)) < 0.005 ? String(Math.round(value)) : value.toFixed(1));

/** "0", "3", "0.04", "1,200": two digits that count, thousands in groups. */
export function quantity(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}

export const seconds = (value: number): string => `${Math.round(value)}\u00a0s`;

/** A share as "1 in 10,000" */
export const one_in = (value: number): string => {
  const all = 1 / value;
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(all)) - 1);
  return all < 20 ? `1 in ${Number(all.toFixed(1))}` : `1 in ${(Math.round(all / digits) * digits).toLocaleString('en')}`;
};

export const plural = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A list of names: "a, b and 3 others". */
export function some(names: string[], most = 4): string {
  const shown = names.slice(0, names.length > most + 1 ? most : names.length).map(safe);
  const rest = names.length - shown.length;
  return rest ? `${shown.join(', ')} and ${rest} others` : shown.join(', ');
}

/** "2026-11-24 08:01" of an RFC 3339 time. */
export const minute = (time: string): string => safe(time.slice(0, 16).replace('T', ' '));
