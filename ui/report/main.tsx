import './styles/index.css';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { minute, model_name } from './names';
import { Alarms } from './parts/alarms';
import { Calibration } from './parts/calibration';
import { Carries } from './parts/carries';
import { Found } from './parts/found';
import { Limits } from './parts/limits';
import { Made } from './parts/made';
import { Points } from './parts/points';
import { Programs } from './parts/programs';
import { Recall } from './parts/recall';
import { Splits } from './parts/splits';
import { embedded, lead_of, models_of, type Report } from './report';
import { safe } from '../src/words';

const kSections = [
  ['found', 'What was found'],
  ['points', 'Operating points'],
  ['recall', 'Recall by kind'],
  ['programs', 'Program by program'],
  ['alarms', 'Worst false alarms'],
  ['splits', 'Leaky splits'],
  ['carries', 'What carries it'],
  ['calibration', 'Calibration'],
  ['limits', 'What it cannot say'],
  ['made', 'How it was made'],
] as const;

interface SideProps {
  report: Report;
  focus: string;
  set_focus: (model: string) => void;
}

function Side({ report, focus, set_focus }: SideProps) {
  return (
    <div class="side screen-only">
      <label class="focus-label" for="focus">
        Model in sections 2 to 5 and 8
      </label>
      <select id="focus" value={focus} onChange={(event) => set_focus(event.currentTarget.value)}>
        {models_of(report).map((model) => (
          <option key={model} value={model}>
            {model_name(model)}
          </option>
        ))}
      </select>
      <nav aria-label="Sections">
        <ol>
          {kSections.map(([id, title], i) => (
            <li key={id}>
              <a href={`#${id}`}>
                <span class="section-number">{i + 1}</span>
                {title}
              </a>
            </li>
          ))}
        </ol>
      </nav>
    </div>
  );
}

function Page({ report }: { report: Report }) {
  const lead = lead_of(report);
  const [focus, set_focus] = useState(lead);
  const model = report.models[focus];
  if (!model) return <p class="empty">No model was judged: there is nothing to show.</p>;
  const { about } = report;
  return (
    <div class="page">
      <header>
        <h1>How well Davy finds miners it has never seen</h1>
        <p class="weak">
          Evaluation of {Object.keys(report.models).length} kinds of model on recordings up to {minute(about.data.last)} UTC, dataset <span class="mono">{safe(about.dataset.slice(0, 12))}</span>
        </p>
      </header>
      <div class="columns">
        <Side report={report} focus={focus} set_focus={set_focus} />
        <main>
          <Found report={report} lead={lead} />
          <Points report={report} focus={focus} />
          <Recall model={model} focus={focus} />
          <Programs key={focus} model={model} focus={focus} />
          <Alarms model={model} focus={focus} />
          <Splits report={report} lead={lead} />
          <Carries report={report} />
          <Calibration report={report} focus={focus} />
          <Limits report={report} lead={lead} />
          <Made report={report} />
        </main>
      </div>
      <footer class="foot">
        <details>
          <summary>Licences of what draws this page</summary>
          <pre class="licences">{document.getElementById('licences')?.textContent}</pre>
        </details>
      </footer>
    </div>
  );
}

/** What is folded but belongs on paper is opened for it. */
function open_for_print() {
  let opened: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>('details.printed:not([open])')];
    for (const one of opened) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of opened) one.open = false;
  });
}

open_for_print();
const root = document.getElementById('page');
const report = embedded();
if (root) {
  root.replaceChildren();
  render(report ? <Page report={report} /> : <p class="empty">This page holds no report. `davy evaluate` writes it beside report.json.</p>, root);
}
