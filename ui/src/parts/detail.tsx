import type { ComponentChildren } from 'preact';
import type { Answer } from '../live';
import type { Allowed, Connection, Detection, Identity, Neighbour, Process, Reason, Unit, Workload } from '../api';
import { age, cpus, list, moment, percent, process_name, prose, safe, seconds_between, workload_kind, workload_name } from '../words';
import { Evidence } from './evidence';
import { Reasons } from './reasons';
import { Score } from './score';
import { Connections, Features, Lineage, Parts, Processes } from './tables';

/** What a page of one workload or one detection shows, from whichever of the two is known. */
interface Case {
  identity: Identity | null;
  process: (Process & { exe_sha256?: string | null }) | null;
  score: number | null;
  window_score: number | null;
  threshold: number;
  reasons: Reason[];
  reasons_in: Unit | null;
  connections: Connection[];
  not_evaluated: string[];
  coverage: number;
  release: string;
  detection: Detection | null;
  workload: Workload | null;
  now: string | null;
}

function case_of(detection: Detection | null, workload: Workload | null): Case | null {
  const closed = detection !== null && detection.state === 'closed';
  // An open detection is shown with the workload's newest numbers, a closed one as it was reported last.
  const from = closed ? detection : (workload ?? detection);
  if (from === null) return null;
  const live = closed ? null : workload;
  return {
    identity: live ?? detection?.workload ?? null,
    process: detection && (!live?.process || live.process.pid === detection.process?.pid) ? detection.process : (live?.process ?? null),
    score: from.score,
    window_score: from.window_score,
    threshold: detection?.threshold ?? from.threshold,
    reasons: from.reasons,
    reasons_in: from.reasons_in,
    connections: from.connections,
    not_evaluated: from.not_evaluated,
    coverage: from.coverage,
    release: from.release,
    detection,
    workload: live,
    now: from.time,
  };
}

function verdict({ score, threshold, detection, workload }: Case): string {
  if (detection?.state === 'closed') return 'looked like a miner';
  if (detection) return 'looks like a miner';
  if (score === null || workload?.seen_enough === false) return 'has not been seen long enough to say';
  if (score >= threshold) return 'looks like a miner, but not for long enough to alert';
  if (score >= threshold / 2) return 'shows some signs of a miner, below the threshold';
  return 'does not look like a miner';
}

function Title({ of }: { of: Case }) {
  return (
    <h1>
      <b>{process_name(of.process)}</b>
      {of.identity && (
        <>
          {' in '}
          <span class="mono">{workload_name(of.identity)}</span>
        </>
      )}{' '}
      {verdict(of)}
    </h1>
  );
}

function when({ detection, workload, now }: Case): string {
  if (detection) {
    const took = age(seconds_between(detection.first_seen, detection.alerted));
    const alerted = `Alerted at ${moment(detection.alerted, now)}, ${took} after it was first seen.`;
    if (detection.state !== 'closed') return alerted;
    return `${alerted} Closed at ${moment(detection.time, now)}${detection.closed_because ? `: ${safe(detection.closed_because)}` : ''}.`;
  }
  return workload ? `First seen at ${moment(workload.first_seen, now)}.` : '';
}

function range_of({ detection, threshold }: Case): string {
  const known = detection && detection.score_low !== null && detection.score_high !== null;
  return `${known ? `between ${percent(detection.score_low as number)} and ${percent(detection.score_high as number)}; ` : ''}alerts at ${percent(threshold)}`;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function WorkloadFacts({ identity }: { identity: Identity }) {
  return (
    <>
      <Fact name="Workload">{workload_kind(identity)}</Fact>
      {identity.container && (
        <Fact name="Container">
          <span class="mono wrap">{identity.container}</span>
        </Fact>
      )}
      {identity.pod && <Fact name="Pod">{safe(identity.pod)}</Fact>}
      {identity.cgroup && (
        <Fact name="Cgroup">
          <span class="mono wrap">{safe(identity.cgroup)}</span>
        </Fact>
      )}
    </>
  );
}

function ProcessFacts({ process, now }: { process: NonNullable<Case['process']>; now: string | null }) {
  return (
    <>
      <Fact name="Process">
        {process_name(process)} <span class="weak">pid {process.pid}, uid {process.uid}</span>
      </Fact>
      <Fact name="Executable">{process.exe ? <span class="mono wrap">{safe(process.exe)}</span> : 'unknown'}</Fact>
      {process.exe_sha256 && (
        <Fact name="SHA-256">
          <span class="mono wrap">{process.exe_sha256}</span>
        </Fact>
      )}
      {process.start && <Fact name="Started">{moment(process.start, now)}</Fact>}
    </>
  );
}

function Facts({ of }: { of: Case }) {
  const { workload } = of;
  return (
    <dl class="facts">
      {workload && <Fact name="CPU">{cpus(workload.cpus)} CPUs in the last slice</Fact>}
      {workload && <Fact name="Age">{age(workload.age_s)}</Fact>}
      {of.identity && <WorkloadFacts identity={of.identity} />}
      {of.process && <ProcessFacts process={of.process} now={of.now} />}
      {workload?.command_line && (
        <Fact name="Command line">
          <span class="mono wrap">{safe(workload.command_line)}</span>
        </Fact>
      )}
      <Fact name="Model">
        <span class="mono" title={of.release}>
          {of.release.slice(0, 12)}
        </span>
      </Fact>
    </dl>
  );
}

function Unseen({ of }: { of: Case }) {
  return (
    <section class="panel" aria-labelledby="unseen-title">
      <h2 id="unseen-title">What was not seen</h2>
      <p class="meter-text">
        System calls were counted in <b class="number">{percent(of.coverage)}</b> of the window.
      </p>
      {of.not_evaluated.length === 0 ? (
        <p class="quiet">Nothing else is known to be missing.</p>
      ) : (
        <ul class="plain">
          {of.not_evaluated.map((line) => (
            <li key={line}>{prose(line)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Panel({ id, title, children, note }: { id: string; title: string; note?: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {note && <span class="h-note">{note}</span>}
      </h2>
      {children}
    </section>
  );
}

function Like({ kind, neighbour }: { kind: string; neighbour: Neighbour }) {
  return (
    <Fact name={`Nearest ${kind}`}>
      <b>{safe(neighbour.program)}</b> <span class="weak">{percent(neighbour.likeness)} of what counts is the same</span>
    </Fact>
  );
}

/** What it is like, and what would have to be different: as it was when the detection was last told of. */
function Compared({ detection }: { detection: Detection }) {
  const { nearest_miner, nearest_honest, otherwise } = detection;
  if (!nearest_miner && !nearest_honest && !otherwise) return null;
  const kinds: [string, Neighbour | null][] = [
    ['miner', nearest_miner],
    ['honest program', nearest_honest],
  ];
  const nearer = kinds.sort(([, a], [, b]) => (b?.likeness ?? 0) - (a?.likeness ?? 0));
  return (
    <Panel id="compared-title" title="Compared with what was learned from" note="when it was last told of">
      <dl class="facts">
        {nearer.map(
          ([kind, neighbour]) => neighbour && <Like key={kind} kind={kind} neighbour={neighbour} />,
        )}
        {otherwise && otherwise.groups.length > 0 && (
          <Fact name="It would be no alert if these were as in ordinary programs">
            {list(otherwise.groups.map(safe))} <span class="weak">it would come to {percent(otherwise.score)}</span>
          </Fact>
        )}
      </dl>
    </Panel>
  );
}

function Body({ of }: { of: Case }) {
  const { workload } = of;
  return (
    <>
      <Panel id="why-title" title="Why">
        <Reasons reasons={of.reasons} unit={of.reasons_in} base={workload?.base ?? null} score={of.window_score} above={of.score !== null && of.score >= of.threshold} />
      </Panel>
      {of.detection && <Compared detection={of.detection} />}
      {workload && (
        <Panel id="evidence-title" title="Evidence over time" note={workload.of_process && workload.process ? `of ${process_name(workload.process)}, last 10 minutes` : 'of the whole workload, last 10 minutes'}>
          <Evidence workload={workload} />
        </Panel>
      )}
      <Panel id="connections-title" title="Connections">
        <Connections connections={of.connections} />
      </Panel>
      <Panel id="processes-title" title="Processes">
        {of.process && <Lineage process={of.process} />}
        {of.detection && of.detection.parts.length > 1 && <Parts parts={of.detection.parts} />}
        {workload && <Processes processes={workload.process_list} all={workload.processes} threshold={of.threshold} />}
      </Panel>
      {workload && workload.features.length > 0 && (
        <section class="panel">
          <details>
            <summary class="h2">
              All {workload.features.length} features <span class="h-note">each against ordinary programs</span>
            </summary>
            <Features features={workload.features} />
          </details>
        </section>
      )}
    </>
  );
}

function allowed_words({ entry, owner, reason, until }: Allowed): string {
  return `It raises no alert: ${safe(owner)} answers for it until ${until.slice(0, 10)} (${safe(reason)}; allow entry ${entry}).`;
}

/** One workload or one detection, in full. */
export function Detail({ detection, workload, wanted }: { detection: Answer<Detection>; workload: Answer<Workload>; wanted: 'workload' | 'detection' }) {
  const of = case_of(detection.value, workload.value);
  const problem = wanted === 'detection' ? detection.problem : workload.problem;
  const ended = workload.problem?.gone === true && workload.value !== null;
  return (
    <main class="detail">
      <p class="back">
        <a href="#/">← All workloads</a>
      </p>
      {of === null && problem && (
        <section class="empty">
          <h1>{problem.gone ? `This ${wanted} is not here (any more)` : 'It could not be loaded'}</h1>
          <p>{problem.gone ? 'It ended, or Davy was started anew since. Detections are kept by whoever reads the alerts; this page holds what is running.' : problem.text}</p>
        </section>
      )}
      {of !== null && (
        <>
          <div class={`verdict${of.score !== null && of.score >= of.threshold ? ' verdict-above' : ''}`}>
            <Title of={of} />
            <div class="verdict-score">
              <Score score={of.score} threshold={of.threshold} />
              <span class="sub">{range_of(of)}</span>
            </div>
            <p>
              {when(of)}
              {ended ? ' The workload has ended; this is the last that was seen of it.' : ''}
            </p>
            {of.detection?.allowed && <p>{allowed_words(of.detection.allowed)}</p>}
          </div>
          <div class="columns">
            <div class="column">
              <Body of={of} />
            </div>
            <aside class="side">
              <section class="panel" aria-label="Facts">
                <Facts of={of} />
              </section>
              <Unseen of={of} />
            </aside>
          </div>
        </>
      )}
    </main>
  );
}
