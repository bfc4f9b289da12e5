import type { Detection, Detections } from '../api';
import { detection_link } from '../route';
import { age, moment, process_name, prose, seconds_between, workload_kind, workload_name } from '../words';
import { Score } from './score';

function Card({ detection, now }: { detection: Detection; now: string | null }) {
  const closed = detection.state === 'closed';
  const lasted = seconds_between(detection.alerted, closed || now === null ? detection.time : now);
  return (
    <li class={`card${closed ? ' card-closed' : ''}`}>
      <a href={detection_link(detection.id)} class="card-link">
        <span class="card-score">
          <Score score={detection.score} threshold={detection.threshold} />
        </span>
        <span class="card-what">
          <span class="strong clip">
            {process_name(detection.process)}
            {detection.workload && (
              <span class="weak">
                {' in '}
                <span class="mono">{workload_name(detection.workload)}</span>
              </span>
            )}
          </span>
          <span class="sub clip">{detection.workload ? workload_kind(detection.workload) : ''}</span>
        </span>
        <span class="card-why clip-2">
          {detection.reasons
            .filter((reason) => reason.contribution > 0)
            .slice(0, 2)
            .map((reason) => prose(reason.text))
            .join(' · ')}
        </span>
        <span class="card-when number">
          <span>{moment(detection.alerted, now)}</span>
          <span class="sub">{closed ? `lasted ${age(lasted)}` : `open for ${age(lasted)}`}</span>
        </span>
      </a>
    </li>
  );
}

/** What was decided: open detections first, then those that closed. */
export function DetectionList({ answer }: { answer: Detections }) {
  return (
    <section aria-labelledby="detections-title">
      <h2 id="detections-title">Detections</h2>
      {answer.open.length === 0 && <p class="calm">None is open.</p>}
      {answer.open.length > 0 && (
        <ul class="cards">
          {answer.open.map((detection) => (
            <Card key={detection.id} detection={detection} now={answer.time} />
          ))}
        </ul>
      )}
      {answer.closed.length > 0 && (
        <details class="closed" open={answer.open.length === 0 && answer.closed.length <= 3}>
          <summary>{answer.closed.length} closed</summary>
          <ul class="cards">
            {answer.closed.map((detection) => (
              <Card key={detection.id} detection={detection} now={answer.time} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
