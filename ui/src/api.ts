// The shapes of /api/v1, as /api/v1/openapi.json describes them. The program's tests hold the server to that document.

export type LampState = 'learning' | 'watching' | 'alert' | 'blind' | 'ended';

export interface Reason {
  group: string;
  contribution: number;
  text: string;
}

export interface Process {
  pid: number;
  comm: string;
  exe: string | null;
  uid: number;
  start: string | null;
  parents: { pid: number; comm: string }[];
}

export interface ProcessRow extends Process {
  score: number | null;
  cpus: number;
  age_s: number;
}

/** What a slice event carries: the head of the page. */
export interface Summary {
  version: number;
  slice: number;
  threshold: number;
  time: string | null;
  state: LampState;
  sentence: string;
  detail: string;
  live: boolean;
  silent_s: number;
  rung: 'tracing' | 'raw-tracepoint' | 'proc';
  armed_share: number;
  losses: { name: string; text: string; count: number }[];
  not_seen: string[];
  workloads: number;
  processes: number;
  open: number;
}

export interface Health extends Summary {
  host: { name: string; cpus: number; kernel: string; machine: string } | null;
  slice_seconds: number;
  slices: number;
  windows: number;
  release: string;
  davy: string;
  counters: Record<string, number>;
}

export interface Identity {
  id: string;
  kind: 'container' | 'session' | 'system';
  container: string | null;
  image: string | null;
  runtime: string | null;
  pod: string | null;
  cgroup: string;
}

export interface WorkloadRow extends Identity {
  process: Process | null;
  of_process: boolean;
  processes: number;
  first_seen: string;
  last_seen: string;
  age_s: number;
  score: number | null;
  threshold: number;
  seen_enough: boolean;
  cpus: number;
  coverage: number;
  detection: string | null;
  why: Reason[];
  trend: number[];
}

export interface Workloads {
  version: number;
  slice: number;
  threshold: number;
  time: string | null;
  held: number;
  workloads: WorkloadRow[];
}

export interface SlicePoint {
  slice: number;
  time: string;
  score: number | null;
  cpus: number;
  rounding: [number, number, number, number] | null;
  rss_kib: number | null;
  threads: number | null;
  processes: number | null;
  bytes_in: number | null;
  bytes_out: number | null;
  messages_in: number | null;
  messages_out: number | null;
  armed: number | null;
}

/** One exchange with one peer, as a detection reports it. */
export interface Connection {
  address: string;
  port: number;
  direction: 'unknown' | 'outbound' | 'inbound';
  transport: 'unknown' | 'tcp' | 'udp' | 'unix';
  closed: boolean;
  seconds: number;
  first_sent: string;
  first_received: string;
  messages_sent: number;
  messages_received: number;
  bytes_sent: number;
  bytes_received: number;
  pushes: number;
}

/** The same with what only a running workload tells. */
export interface LiveConnection extends Connection {
  opened: string | null;
  first_speaker: 'unknown' | 'us' | 'peer';
  turns: number;
  largest_sent: number;
  largest_received: number;
  mean_gap_sent_s: number | null;
  mean_gap_received_s: number | null;
}

/** What contributions add up to; null where a model gives no reasons per feature. */
export type Unit = 'score' | 'log odds';

export interface Feature {
  name: string;
  unit: string;
  group: string;
  sentence: string;
  value: number;
  normal: [number, number, number] | null;
  contribution: number | null;
}

export interface Rounding {
  nearest: number;
  down: number;
  up: number;
  zero: number;
}

export interface Workload extends WorkloadRow {
  version: number;
  slice: number;
  threshold: number;
  time: string | null;
  command_line: string | null;
  release: string;
  window_score: number | null;
  base: number | null;
  reasons_in: Unit | null;
  reasons: Reason[];
  process_list: ProcessRow[];
  series: SlicePoint[];
  rounding: Rounding;
  connections: LiveConnection[];
  features: Feature[];
  not_evaluated: string[];
}

/** What one process of a workload does for it. */
export interface Part {
  pid: number;
  comm: string;
  exe: string | null;
  cpus: number;
  talks: boolean;
  ended: boolean;
  score: number;
}

/** Who answers for a detection's being silent. */
export interface Allowed {
  entry: number;
  owner: string;
  reason: string;
  until: string;
}

/** A program that was learned from; likeness 0 to 1. */
export interface Neighbour {
  program: string;
  family: string;
  likeness: number;
}

/** What would have to be as in ordinary programs for it to be no alert, and the score it would come to. */
export interface Otherwise {
  groups: string[];
  score: number;
}

/** As `davy watch --json` prints it. */
export interface Detection {
  type: 'detection';
  state: 'opened' | 'updated' | 'closed';
  id: string;
  time: string;
  first_seen: string;
  alerted: string;
  host: string | null;
  workload: Identity | null;
  process: (Process & { exe_sha256: string | null }) | null;
  parts: Part[];
  connections: Connection[];
  coverage: number;
  score: number;
  window_score: number;
  score_low: number | null;
  score_high: number | null;
  threshold: number;
  release: string;
  reasons_in: Unit | null;
  reasons: Reason[];
  nearest_miner: Neighbour | null;
  nearest_honest: Neighbour | null;
  otherwise: Otherwise | null;
  timeline: [since_first_seen: number, window_score: number, score: number][];
  not_evaluated: string[];
  allowed: Allowed | null;
  closed_because?: string;
}

export interface Detections {
  version: number;
  slice: number;
  threshold: number;
  time: string | null;
  open: Detection[];
  closed: Detection[];
}

/** The server answered, but not with what was asked for. */
export class Refused extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

export async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(`api/v1/${path}`, { signal, headers: { accept: 'application/json' } });
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as { error?: string };
    throw new Refused(response.status, body.error ?? `the server answered ${response.status}`);
  }
  return (await response.json()) as T;
}
