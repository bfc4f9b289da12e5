// What `davy evaluate` writes to report.json, as far as the page shows it; src/evaluate/report.h is what holds.

/** The kind of the model that comes with Davy, looked at more closely: without groups of features, and from fewer families. */
export const kStarter = 'layered';

/** `value` null: it cannot be said. `high` null: nothing bounds it. */
export interface Figure {
  value: number | null;
  low: number;
  high: number | null;
  level: number;
  method: string;
  n: number;
}

export interface Seconds {
  median: number;
  p90: number;
  n: number;
}

export interface Rates {
  recall: Figure;
  false_positive_rate: Figure;
}

export interface Of {
  name: string;
  programs: string[];
  alerted: Figure;
  alerted_late: Figure;
}

export interface Shipped extends Rates {
  recall_own: Figure;
  false_positive_rate_own: Figure;
  false_positive_rate_twins: Figure;
  late: Rates;
  precision: { name: string; prior: number; precision: Figure }[];
  false_alarms_per_node_day: Figure;
  seconds_to_alert: Seconds | null;
  by_family: Of[];
  by_core: Of[];
  by_source: Of[];
  by_trick: Of[];
  own_by_core: Of[];
  honest_by_category: Of[];
}

export interface Point extends Rates {
  name: string;
  asked: number | null;
  threshold: { median: number; low: number; high: number };
  alone: Rates;
  seconds_to_alert: Seconds | null;
}

export interface Windows extends Rates {
  average_precision: Figure;
  prevalence: number;
}

export interface RankedWindows extends Windows {
  curve: [number, number | null][];
  /** Recall, and between what precision may be there. */
  band: [number, number, number][];
  calibration: {
    brier: number | null;
    log_loss: number | null;
    bins: { probability: number; miners: number; programs: number }[];
    mean_venn_abers_gap: number | null;
  };
}

export interface Program {
  program: string;
  family: string;
  label: string;
  source: string;
  category: string;
  core: string;
  twin: boolean;
  own: boolean;
  runs: number;
  alerted: number | null;
  alerted_late: number | null;
  level: number | null;
  levels: number[];
  seconds: number | null;
  why: string[];
}

export interface Model {
  supervised: boolean;
  settings: { setting: string; folds: number }[];
  at_shipped: Shipped;
  operating_points: Point[];
  windows: RankedWindows;
  programs: Program[];
}

export interface Brief {
  windows: Windows;
  runs?: Rates;
}

export interface Counts {
  groups: number;
  programs: number;
  runs: number;
  days: number;
}

/** How scores of windows become an alert: gathered evidence, or so many of the last ones at the threshold. */
export interface Decision {
  kind: string;
  needed?: number;
  of?: number;
}

export interface About {
  dataset: string;
  schema: string;
  features: number;
  seed: number;
  repeats: number;
  outer: number;
  inner: number;
  windows_of_run: number;
  grid: string;
  decision: Decision;
  models: string[];
  omitted: { split: string; why: string }[];
  test_mix: number;
  data: {
    windows_learned_from: number;
    windows: number;
    hosts: number;
    first: string;
    last: string;
    public_miners: Counts;
    own_miners: Counts;
    honest: Counts;
    own_honest: Counts;
    twins: Counts;
  };
}

export interface Report {
  about: About;
  models: Record<string, Model>;
  splits: Record<string, Record<string, Brief>>;
  ablation: (Brief & { without: string; by_trick: Record<string, number | null> })[];
  learning_curve: (Brief & { percent: number; by_trick: Record<string, number | null>; families: number; miner_families: number })[];
}

/** What stands in the page, or null when it was built without. */
export function embedded(): Report | null {
  const text = document.getElementById('report')?.textContent?.trim();
  return text ? (JSON.parse(text) as Report) : null;
}

/** The models judged, in the order they were asked for. */
export function models_of(report: Report): string[] {
  const place = (name: string) => (report.about.models.indexOf(name) + 1) || Infinity;
  return Object.keys(report.models).sort((a, b) => place(a) - place(b));
}

/** What is looked at more closely; where it was not judged, the supervised one that ranks windows best, else any. */
export function lead_of(report: Report): string {
  const names = models_of(report);
  if (names.includes(kStarter)) return kStarter;
  const precision = (name: string) => report.models[name]?.windows.average_precision.value ?? 0;
  const supervised = names.filter((name) => report.models[name]?.supervised);
  return [...(supervised.length ? supervised : names)].sort((a, b) => precision(b) - precision(a))[0] ?? '';
}
