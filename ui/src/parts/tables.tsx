import { useState } from 'preact/hooks';
import type { Connection, Feature, LiveConnection, Part, Process, ProcessRow } from '../api';
import { bytes, count, cpus, many, pause, percent, points, process_name, quantity, safe, short_age } from '../words';

const kFirst: Record<string, string> = {
  json: 'JSON',
  'json-rpc': 'JSON-RPC',
  http: 'HTTP',
  websocket: 'WebSocket',
  tls: 'TLS',
  'line-text': 'text lines',
  other: 'other',
  unseen: 'not seen',
};

const peer = (connection: Connection) => (connection.address.includes(':') ? `[${connection.address}]:${connection.port}` : `${connection.address}:${connection.port}`);
const spoken = (name: string) => kFirst[name] ?? name;
const is_live = (connection: Connection): connection is LiveConnection => 'opened' in connection;

function Manner({ connection }: { connection: Connection }) {
  const kind = connection.transport === 'unknown' ? 'Connection' : connection.transport.toUpperCase();
  const parts = [`${kind} ${connection.direction === 'unknown' ? '' : connection.direction}`.trim()];
  parts.push(`sends ${spoken(connection.first_sent)}, receives ${spoken(connection.first_received)}`);
  if (connection.pushes > 0) parts.push(`the peer spoke unasked ${many(connection.pushes, 'time')}`);
  if (is_live(connection) && connection.mean_gap_received_s !== null) {
    parts.push(`${pause(connection.mean_gap_received_s)} between messages received, on average`);
  }
  if (connection.closed) parts.push('closed');
  return <>{parts.join('; ')}</>;
}

const kConnectionsAtFirst = 6;

/** With whom it talks, and how: what is open and has been held longest first. */
export function Connections({ connections }: { connections: Connection[] }) {
  const [all, set_all] = useState(false);
  if (connections.length === 0) return <p class="quiet">None was seen in the window.</p>;
  const sorted = [...connections].sort((a, b) => Number(a.closed) - Number(b.closed) || b.seconds - a.seconds);
  const shown = all ? sorted : sorted.slice(0, kConnectionsAtFirst);
  return (
    <>
      <ConnectionTable connections={shown} />
      {shown.length < sorted.length && (
        <button type="button" class="more" onClick={() => set_all(true)}>
          Show all {sorted.length}
        </button>
      )}
    </>
  );
}

function ConnectionTable({ connections }: { connections: Connection[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Connections">
      <table>
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col" class="right">Held</th>
            <th scope="col" class="right">Sent</th>
            <th scope="col" class="right">Received</th>
          </tr>
        </thead>
        <tbody>
          {connections.map((connection, i) => (
            <tr key={i}>
              <td>
                <span class="mono">{peer(connection)}</span>
                <span class="sub">
                  <Manner connection={connection} />
                </span>
              </td>
              <td class="right number">{short_age(connection.seconds)}</td>
              <td class="right number">
                {count(connection.messages_sent)}
                <span class="sub">{bytes(connection.bytes_sent)}</span>
              </td>
              <td class="right number">
                {count(connection.messages_received)}
                <span class="sub">{bytes(connection.bytes_received)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Who started it: oldest ancestor first. */
export function Lineage({ process }: { process: Process }) {
  const chain = [...process.parents].reverse();
  return (
    <ol class="lineage" aria-label="Ancestors, oldest first">
      {chain.map((parent) => (
        <li key={parent.pid}>
          <span>{safe(parent.comm) || '(no name)'}</span> <span class="weak number">{parent.pid}</span>
        </li>
      ))}
      <li class="lineage-self">
        <span>{process_name(process)}</span> <span class="weak number">{process.pid}</span>
      </li>
    </ol>
  );
}

export function Processes({ processes, all, threshold }: { processes: ProcessRow[]; all: number; threshold: number }) {
  if (processes.length === 0) return <p class="quiet">None has been active yet.</p>;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
        <table>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col" class="right">Score</th>
              <th scope="col" class="right">CPUs</th>
              <th scope="col" class="right">Age</th>
              <th scope="col">Executable</th>
            </tr>
          </thead>
          <tbody>
            {processes.map((process) => (
              <tr key={`${process.pid} ${process.start}`}>
                <td>
                  {process_name(process)} <span class="weak number">{process.pid}</span>
                </td>
                <td class={`right number${process.score !== null && process.score >= threshold ? ' above' : ''}`}>{process.score === null ? '–' : percent(process.score)}</td>
                <td class="right number">{cpus(process.cpus)}</td>
                <td class="right number">{short_age(process.age_s)}</td>
                <td class="mono wrap">{process.exe ? safe(process.exe) : <span class="quiet">unknown</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {all > processes.length && <p class="note">{all - processes.length} more with lower scores are not listed.</p>}
    </>
  );
}

function part_of({ cpus: used, talks }: Part): string {
  const computes = used >= 0.05;
  if (computes && talks) return 'computes and talks';
  if (talks) return 'talks';
  return computes ? 'computes' : 'hardly anything';
}

/** Who does what in a workload: in a miner that splits roles one computes and another talks. */
export function Parts({ parts }: { parts: Part[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Who does what">
      <table>
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">Does</th>
            <th scope="col" class="right">
              CPUs
            </th>
            <th scope="col">Executable</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={part.pid}>
              <td>
                {safe(part.comm) || '(no name)'} <span class="weak number">{part.pid}</span>
              </td>
              <td>
                {part_of(part)}
                {part.ended ? ', has ended' : ''}
              </td>
              <td class="right number">{cpus(part.cpus)}</td>
              <td class="mono wrap">{part.exe ? safe(part.exe) : <span class="quiet">unknown</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A value against the range in which 90 % of ordinary programs lie, on an axis that holds both. */
function Against({ feature }: { feature: Feature }) {
  if (!feature.normal) return <span class="quiet">–</span>;
  const [low, middle, high] = feature.normal;
  const from = Math.min(low, feature.value);
  const to = Math.max(high, feature.value);
  const span = to - from;
  const at = (value: number) => (span === 0 ? 50 : (100 * (value - from)) / span);
  const outside = feature.value < low || feature.value > high;
  return (
    <span class="against" title={`ordinary programs: ${quantity(low)} to ${quantity(high)}, half of them below ${quantity(middle)}`} aria-hidden="true">
      <span class="against-normal" style={{ left: `${at(low)}%`, right: `${100 - at(high)}%` }} />
      <span class="against-middle" style={{ left: `${at(middle)}%` }} />
      <span class={`against-value${outside ? ' outside' : ''}`} style={{ left: `${at(feature.value)}%` }} />
    </span>
  );
}

const kFeaturesAtFirst = 20;

/** Every number the model saw, those that moved the score most first. */
export function Features({ features }: { features: Feature[] }) {
  const [all, set_all] = useState(false);
  const sorted = [...features].sort((a, b) => Math.abs(b.contribution ?? 0) - Math.abs(a.contribution ?? 0));
  const shown = all ? sorted : sorted.slice(0, kFeaturesAtFirst);
  return (
    <>
      <FeatureTable features={shown} />
      {shown.length < sorted.length && (
        <button type="button" class="more" onClick={() => set_all(true)}>
          Show all {sorted.length}
        </button>
      )}
    </>
  );
}

function FeatureTable({ features }: { features: Feature[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Features">
      <table class="features">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col" class="right">Value</th>
            <th scope="col" class="right">Ordinary programs</th>
            <th scope="col" class="against-cell">
              <span class="visually-hidden">Value against ordinary programs</span>
            </th>
            <th scope="col" class="right">Points</th>
          </tr>
        </thead>
        <tbody>
          {features.map((feature) => (
            <tr key={feature.name}>
              <td>
                {feature.sentence}
                <span class="sub mono">
                  {feature.name} · {feature.group}
                </span>
              </td>
              <td class="right number">
                {quantity(feature.value)}
                <span class="sub">{feature.unit}</span>
              </td>
              <td class="right number">{feature.normal ? `${quantity(feature.normal[0])} – ${quantity(feature.normal[2])}` : '–'}</td>
              <td class="against-cell">
                <Against feature={feature} />
              </td>
              <td class="right number">{moved(feature.contribution)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A model without reasons per feature says nothing of any. */
function moved(contribution: number | null): string {
  if (contribution === null) return '–';
  return Math.abs(contribution) < 0.0005 ? '0' : points_fine(contribution);
}

/** Single features often move the score by less than a point. */
function points_fine(contribution: number): string {
  if (Math.abs(contribution) >= 0.01) return points(contribution);
  const value = (100 * Math.abs(contribution)).toFixed(1);
  return contribution > 0 ? `+${value}` : `−${value}`;
}
