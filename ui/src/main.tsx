import 'uplot/dist/uPlot.min.css';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Detection, Detections, Health, Summary, Workload, Workloads } from './api';
import type { Link } from './follow';
import { useAnswer, useLive } from './live';
import { Detail } from './parts/detail';
import { DetectionList } from './parts/detections';
import { Learning, SelfTest } from './parts/empty';
import { Head } from './parts/head';
import { WorkloadList } from './parts/workloads';
import { useRoute, type Route } from './route';

function Home({ health, summary }: { health: Health | null; summary: Summary | null }) {
  const [all, set_all] = useState(false);
  const workloads = useAnswer<Workloads>('workloads', summary?.version).value;
  const detections = useAnswer<Detections>('detections', summary?.version).value;
  if (!workloads || !detections) return <main class="home" aria-busy="true" />;
  if (workloads.version === 0) {
    return (
      <main class="home">
        <Learning seconds={health?.slice_seconds ?? 10} silent={summary?.silent_s ?? 0} live={summary?.live ?? true} />
      </main>
    );
  }
  const first_run = detections.open.length + detections.closed.length === 0;
  return (
    <main class="home">
      <DetectionList answer={detections} />
      {first_run && <SelfTest />}
      <WorkloadList answer={workloads} all={all} show_all={() => set_all(true)} />
    </main>
  );
}

function One({ route, version }: { route: Exclude<Route, { view: 'home' }>; version: number | undefined }) {
  const asked = useAnswer<Detection>(route.view === 'detection' ? `detections/${route.id}` : null, version);
  const workload_id = route.view === 'workload' ? route.id : (asked.value?.workload?.id ?? null);
  const workload = useAnswer<Workload>(workload_id ? `workloads/${workload_id}` : null, version);
  const open = route.view === 'workload' ? (workload.value?.detection ?? null) : null;
  const opened = useAnswer<Detection>(open ? `detections/${open}` : null, version);
  return <Detail detection={route.view === 'detection' ? asked : opened} workload={workload} wanted={route.view} />;
}

function title(summary: Summary | null, link: Link): string {
  if (!summary) return 'Davy';
  if (link === 'lost') return 'No connection · Davy';
  if (summary.state === 'alert') return `(${summary.open}) Alert · Davy`;
  return summary.state === 'blind' ? 'Blind · Davy' : 'Davy';
}

function Page() {
  const { summary, link } = useLive();
  const route = useRoute();
  const health = useAnswer<Health>('health', summary?.version).value;
  useEffect(() => {
    document.title = title(summary, link);
  }, [summary, link]);
  return (
    <div class="page">
      <Head health={health} summary={summary} link={link} compact={route.view !== 'home'} />
      {route.view === 'home' ? <Home health={health} summary={summary} /> : <One key={`${route.view}/${route.id}`} route={route} version={summary?.version} />}
      <footer class="foot">
        <span>Davy {health?.davy ?? ''}</span>
        <a href="api/v1/openapi.json">API</a>
        <a href="metrics">Metrics</a>
        <a href="licenses.txt">Licences</a>
      </footer>
    </div>
  );
}

const root = document.getElementById('page');
if (root) {
  root.replaceChildren();
  render(<Page />, root);
}
