import type { Health, Summary } from '../api';
import type { Link } from '../follow';
import { clock, count, many, percent, prose } from '../words';
import { Lamp } from './lamp';

const kRungs: Record<Summary['rung'], string> = {
  tracing: 'full (kernel tracing)',
  'raw-tracepoint': 'reduced (raw tracepoints)',
  proc: 'CPU and memory only (/proc)',
};

function Figure({ name, value, hint, bad = false }: { name: string; value: string; hint: string; bad?: boolean }) {
  return (
    <div class={`figure${bad ? ' figure-bad' : ''}`} title={hint}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** What each loss counter reads, behind the one figure. */
function Losses({ summary }: { summary: Summary }) {
  const lost = summary.losses.filter((loss) => loss.count > 0);
  const total = lost.reduce((sum, loss) => sum + loss.count, 0);
  if (total === 0) return <Figure name="Losses" value="none" hint={`All of ${many(summary.losses.length, 'loss counter')} read zero since the start`} />;
  return (
    <div class="figure figure-bad">
      <dt>Losses</dt>
      <dd>
        <details class="pop">
          <summary>{count(total)}</summary>
          <ul class="pop-body">
            {lost.map((loss) => (
              <li key={loss.name}>
                {count(loss.count)} {loss.text}
              </li>
            ))}
          </ul>
        </details>
      </dd>
    </div>
  );
}

function more(summary: Summary | null, link: Link): string {
  if (link === 'lost') return `${summary ? 'What you see is old. ' : ''}Trying again.`;
  if (link === 'refused') return `${summary?.detail ?? ''} Too many pages follow Davy; this one asks every 10 s.`.trim();
  return summary?.detail ?? '';
}

/** The lamp, what it says, and how far that can be trusted. The same on each view. */
export function Head({ health, summary, link, compact }: { health: Health | null; summary: Summary | null; link: Link; compact: boolean }) {
  const lost = link === 'lost';
  const state = lost ? 'lost' : (summary?.state ?? 'learning');
  const host = health?.host;
  const text = lost ? 'No connection to Davy.' : (summary?.sentence ?? 'Connecting.');
  const detail = more(summary, link);
  return (
    <header class={`head head-${state}${compact ? ' head-compact' : ''}`}>
      <div class="head-top">
        <a class="brand" href="#/">
          Davy
        </a>
        <span class="host">{host ? host.name : '\u00a0'}</span>
        <span class="head-time">
          <span class={`dot${link === 'live' ? ' dot-live' : ''}`} aria-hidden="true" />
          {summary?.time ? `${summary.live ? '' : 'recording, '}as of ${clock(summary.time)}` : link === 'opening' || lost ? 'connecting' : 'connected'}
        </span>
      </div>
      <div class="head-state">
        <Lamp state={state} />
        <p class="sentence" role="status">
          <span class="sentence-what">{prose(text)}</span> <span class="sentence-detail">{prose(detail)}</span>
        </p>
        <dl class="figures">
          <Figure name="Processes" value={summary ? count(summary.processes) : '–'} hint={summary ? `in ${many(summary.workloads, 'workload')}` : ''} />
          <Figure name="Coverage" value={summary ? kRungs[summary.rung] : '–'} hint={summary?.not_seen.join('; ') || 'Nothing is known to be missing'} bad={summary !== null && summary.rung !== 'tracing'} />
          <Figure name="Armed" value={summary ? percent(summary.armed_share) : '–'} hint="Share of the last slice in which system calls were counted" />
          {summary ? <Losses summary={summary} /> : <Figure name="Losses" value="–" hint="" />}
        </dl>
      </div>
    </header>
  );
}
