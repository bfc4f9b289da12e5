import type { WorkloadRow, Workloads } from '../api';
import { workload_link } from '../route';
import { cpus, process_name, prose, safe, short_age, workload_kind, workload_name } from '../words';
import { Score } from './score';
import { Spark } from './spark';

const kShownAtFirst = 40;

function Why({ row }: { row: WorkloadRow }) {
  if (row.score === null || !row.seen_enough) return <span class="quiet">not enough seen yet</span>;
  if (row.why.length === 0) return <span class="quiet">nothing speaks for mining</span>;
  return <>{row.why.map((reason) => prose(reason.text)).join(' · ')}</>;
}

function Row({ row, most }: { row: WorkloadRow; most: number }) {
  const others = row.processes - 1;
  return (
    <li class={`row${row.detection ? ' row-open' : ''}`}>
      <a href={workload_link(row.id)} class="row-link">
        <span class="cell cell-score">
          <Score score={row.score} threshold={row.threshold} />
        </span>
        <span class="cell cell-name">
          <span class="strong clip">{process_name(row.process)}</span>
          <span class="sub clip">
            {row.process ? `pid ${row.process.pid}` : ''}
            {others > 0 ? ` and ${others} more` : ''}
          </span>
        </span>
        <span class="cell cell-workload">
          <span class="clip mono" title={safe(row.cgroup)}>{workload_name(row)}</span>
          <span class="sub clip">{workload_kind(row)}</span>
        </span>
        <span class="cell cell-cpu">
          <Spark trend={row.trend} most={most} />
          <span class="number">
            {cpus(row.cpus)}
            <span class="narrow-only"> CPU</span>
          </span>
        </span>
        <span class="cell cell-age number">{short_age(row.age_s)}</span>
        <span class="cell cell-why">
          <span class="clip-2">
            <Why row={row} />
          </span>
        </span>
      </a>
    </li>
  );
}

/** Running workloads, highest score first. */
export function WorkloadList({ answer, all, show_all }: { answer: Workloads; all: boolean; show_all: () => void }) {
  const shown = all ? answer.workloads : answer.workloads.slice(0, kShownAtFirst);
  const most = Math.max(1, ...answer.workloads.flatMap((row) => row.trend));
  return (
    <section aria-labelledby="workloads-title">
      <h2 id="workloads-title">Running now</h2>
      <div class="list">
        <div class="row-head" aria-hidden="true">
          <span>Score</span>
          <span>Process</span>
          <span>Workload</span>
          <span class="right">CPUs, 10 min</span>
          <span class="right">Age</span>
          <span>Why</span>
        </div>
        <ul>
          {shown.map((row) => (
            <Row key={row.id} row={row} most={most} />
          ))}
        </ul>
      </div>
      {answer.workloads.length > shown.length && (
        <button type="button" class="more" onClick={show_all}>
          Show all {answer.workloads.length}
        </button>
      )}
      {answer.held > answer.workloads.length && <p class="note">{answer.held - answer.workloads.length} more with lower scores are not listed.</p>}
    </section>
  );
}
