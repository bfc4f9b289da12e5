import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { drawn, eventually, faint, jumps, made_up_host, nameless, open_browser, overflow, replay } from './browser.mjs';

let browser;
let host;
let opened = null;

before(async () => {
  browser = await open_browser();
});
after(async () => {
  await browser.close();
  await host?.stop();
});
afterEach(async () => {
  if (!opened) return;
  await opened.page.close();
  assert.deepEqual(opened.complaints, [], 'the browser complained');
  opened = null;
});

async function look(path = '', options = {}) {
  opened = await browser.page(`${host.url}/${path}`, options);
  return opened.page;
}

const sentence = (page) => page.getByRole('status');
const row = (page, name) => page.getByRole('region', { name: 'Running now' }).getByRole('link', { name });

/** A host that has learned, with or without a miner that has been running for a while. */
async function restart({ slices = 0, miner = 0 } = {}) {
  await host?.stop();
  host = await made_up_host();
  if (slices) await host.play(slices);
  if (miner) {
    await host.miner(100000);
    await host.play(miner);
  }
}

describe('the first run', () => {
  before(() => restart());

  it('says what happens and how to see an alert', async () => {
    const page = await look();
    await sentence(page).getByText('Learning the first 10 seconds.').waitFor();
    await page.getByText('slices of 10 seconds').waitFor();
    await page.getByText('davy doctor --self-test').waitFor();
    assert.equal(await page.getByRole('img', { name: 'The lamp is being lit' }).count(), 1);
    assert.deepEqual(await nameless(page, 4), []);
  });

  it('becomes the list, then the alert, without a reload', async () => {
    const page = await look();
    await page.getByText('What happens now').waitFor();
    await page.evaluate(() => (window.same = true));
    await host.play(6);
    await sentence(page).getByText('Nothing looks like a miner.').waitFor();
    await row(page, /encoder/).waitFor();
    await eventually(async () => assert.equal(await page.title(), 'Davy'));
    await host.miner(100000);
    await host.play(6);
    await sentence(page).getByText('1 workload looks like a miner.').waitFor();
    await page.getByRole('img', { name: /The lamp flares/ }).waitFor();
    await page.getByRole('region', { name: 'Detections' }).getByRole('link', { name: /miner/ }).waitFor();
    await eventually(async () => assert.equal(await page.title(), '(1) Alert · Davy'));
    assert.equal(await page.evaluate(() => window.same), true, 'the page was loaded anew');
  });
});

describe('the list', () => {
  before(() => restart({ slices: 12, miner: 20 }));

  it('stands by score and says why', async () => {
    const page = await look();
    const rows = page.getByRole('region', { name: 'Running now' }).getByRole('listitem');
    await rows.first().waitFor();
    await eventually(async () => assert.equal(await rows.count(), 5));
    const scores = (await rows.locator('.score-number').allTextContents()).map((text) => Number.parseInt(text, 10));
    assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
    const first = await rows.first().innerText();
    assert.match(first, /^97\s%\nminer\npid 100\n/);
    assert.match(first, /\n[34]\.\d\d\n/, 'its CPUs are there');
    assert.match(first, /typical/, 'its reasons are there');
    assert.equal(await rows.nth(1).locator('.score-above').count(), 0, 'the accent is for what is above the threshold');
  });

  it('shows a hostile name as text, with what is invisible made visible', async () => {
    const page = await look();
    const hostile = row(page, /<b>/);
    await hostile.waitFor();
    assert.match(await hostile.innerText(), /<b>\\x1b\[31m\\u202e\ufffd"/);
    assert.equal(await page.locator('#page b').count(), 0, 'the name became markup');
    await hostile.click();
    await page.getByRole('heading', { level: 1 }).getByText('<b>\\x1b[31m').waitFor();
  });

  it('can be used by keyboard', async () => {
    const page = await look();
    const wanted = row(page, /miner/);
    await wanted.waitFor();
    for (let i = 0; i < 20 && !(await wanted.evaluate((e) => e === document.activeElement)); ++i) await page.keyboard.press('Tab');
    assert.equal(await wanted.evaluate((e) => e === document.activeElement), true, 'no Tab reaches the row');
    assert.notEqual(await wanted.evaluate((e) => getComputedStyle(e).outlineStyle), 'none', 'the focus is not seen');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /looks like a miner/ }).waitFor();
  });

  it('does not jump', async () => {
    const page = await look();
    await row(page, /miner/).waitFor();
    await host.play(1);
    await page.waitForTimeout(500);
    assert.ok((await jumps(page)) < 0.02, `it jumped by ${await jumps(page)}`);
  });

  for (const width of [400, 820, 1280, 1600]) {
    it(`fits ${width} pixels`, async () => {
      const page = await look('', { width });
      await row(page, /miner/).waitFor();
      assert.equal(await overflow(page), 0);
    });
  }
});

describe('a workload', () => {
  before(() => restart({ slices: 12, miner: 20 }));

  it('opens from the list, is a link, and leads back', async () => {
    const page = await look();
    await row(page, /miner/).click();
    await page.getByRole('heading', { level: 1, name: /^miner in .* looks like a miner$/ }).waitFor();
    assert.match(page.url(), /#\/workload\/[0-9a-f]{16}$/);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: /looks like a miner/ }).waitFor();
    await page.getByRole('link', { name: 'All workloads' }).click();
    await page.getByRole('heading', { name: 'Running now' }).waitFor();
  });

  it('gives reasons in words with points that add up', async () => {
    const page = await look();
    await row(page, /miner/).click();
    const why = page.getByRole('region', { name: 'Why' });
    await why.getByText('Shape of computing').waitFor();
    await why.getByText(/associations that the model learned, never proof/).waitFor();
    const said = (await why.locator('.reason-points').allTextContents()).map((text) => Number(text.replace('−', '-')));
    const base = Number(/with nothing known it is (\d+)/.exec(await why.innerText())[1]);
    const sum = said.reduce((a, b) => a + b, base);
    assert.ok(Math.abs(sum - 97) <= 3, `${base} and ${said} make ${sum}`);
  });

  it('draws the evidence and tells it in words', async () => {
    const page = await look();
    await row(page, /miner/).click();
    const charts = page.getByRole('region', { name: /Evidence over time/ });
    for (const title of ['Score', 'CPUs', 'Rounding mode', 'Messages', 'Bytes', 'Memory']) {
      const chart = charts.getByRole('img', { name: new RegExp(`^${title}: .*\\d`) });
      await chart.waitFor();
      await eventually(async () => assert.ok((await drawn(chart.locator('canvas'))) > 200, `${title} is empty`));
    }
    assert.match(await charts.getByRole('img', { name: /^Rounding/ }).getAttribute('aria-label'), /down \d\d\s%, up \d\d\s%/);
    const before = await charts.locator('.note').innerText();
    const cpus = charts.getByRole('img', { name: /^CPUs/ });
    await cpus.scrollIntoViewIfNeeded();
    const box = await cpus.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await charts.getByText('Values of the slice that ended at').waitFor();
    assert.notEqual(await charts.locator('.note').innerText(), before);
  });

  it('shows connections, processes, ancestors, features and what was not seen', async () => {
    const page = await look();
    await row(page, /miner/).click();
    const talks = page.getByRole('region', { name: 'Connections' }).first();
    await talks.getByText(/sends JSON-RPC, receives JSON-RPC; the peer spoke unasked \d+ times/).waitFor();
    const processes = page.getByRole('region', { name: 'Processes' }).first();
    await processes.getByRole('cell', { name: '/usr/bin/miner' }).waitFor();
    assert.equal(await processes.getByRole('list', { name: 'Ancestors, oldest first' }).innerText(), 'sh 1\nminer 100');
    await page.getByText(/All \d+ features/).click();
    await page.getByRole('button', { name: /^Show all \d+$/ }).click();
    const features = page.getByRole('region', { name: 'Features' }).getByRole('row');
    assert.ok((await features.count()) > 60, 'at least sixty features');
    await page.getByRole('region', { name: 'What was not seen' }).getByText('100').waitFor();
  });

  it('follows the host while it is open', async () => {
    const page = await look();
    await row(page, /encoder/).click();
    const note = page.locator('.note', { hasText: 'Values of the last slice' });
    await note.waitFor();
    const before = await note.innerText();
    await host.play(1);
    await page.waitForFunction((was) => document.querySelector('.charts + .note')?.innerText !== was, before);
  });

  it('that does not exist is said to', async () => {
    const page = await look('#/workload/0123456789abcdef', { allow: /404/ });
    await page.getByRole('heading', { name: 'This workload is not here (any more)' }).waitFor();
  });

  it('keeps its charts inside when the window shrinks', async () => {
    const page = await look();
    await row(page, /miner/).click();
    const chart = page.getByRole('img', { name: /^Memory/ });
    await chart.waitFor();
    await page.setViewportSize({ width: 500, height: 900 });
    await page.waitForFunction(() => [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('canvas').clientWidth <= plot.clientWidth));
    const edge = (of) => of.evaluate((e) => e.getBoundingClientRect().right);
    assert.ok((await edge(chart)) < (await edge(page.getByRole('region', { name: /Evidence/ }))));
    assert.equal(await overflow(page), 0);
  });

  for (const width of [400, 1600]) {
    it(`fits ${width} pixels`, async () => {
      const page = await look('', { width });
      await row(page, /miner/).click();
      await page.getByRole('img', { name: /^Memory/ }).waitFor();
      await page.getByText(/All \d+ features/).click();
      assert.equal(await overflow(page), 0);
    });
  }
});

describe('a detection', () => {
  before(async () => {
    await restart({ slices: 4 });
    await host.miner(12);
    await host.play(8);
  });

  it('is shown while it is open, and after it closed', async () => {
    const page = await look();
    await page.getByRole('region', { name: 'Detections' }).getByRole('link', { name: /miner/ }).click();
    await page.getByRole('heading', { name: /looks like a miner/ }).waitFor();
    await page.getByText(/Alerted at .*, \d+ s after it was first seen/).waitFor();
    const compared = page.getByRole('region', { name: /^Compared with what was learned from/ });
    const said = /Nearest miner\s+digger \d+\s%[^]*Nearest honest program\s+compiler \d+\s%[^]*no alert if[^]*it would come to \d+\s%/;
    await eventually(async () => assert.match(await compared.innerText(), said));
    await page.getByRole('region', { name: /Evidence/ }).waitFor();
    await host.play(40);
    await page.getByRole('heading', { name: /looked like a miner/ }).waitFor();
    await page.getByText(/Closed at .*: /).waitFor();
    await page.getByRole('region', { name: 'Why' }).getByText('Shape of computing').waitFor();
    assert.deepEqual(
      opened.complaints.splice(0).filter((text) => !/404/.test(text)),
      [],
      'only that the workload is gone',
    );
  });
});

describe('looks', () => {
  before(() => restart({ slices: 12, miner: 20 }));

  for (const dark of [false, true]) {
    it(`${dark ? 'dark' : 'light'}: every text stands out, everything has a name`, async () => {
      const page = await look('', { dark });
      await row(page, /miner/).waitFor();
      assert.deepEqual(await faint(page), []);
      assert.deepEqual(await nameless(page), []);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const [red] = ground.match(/\d+/g).map(Number);
      assert.ok(dark ? red < 40 : red > 200, `the ground is ${ground}`);
      await row(page, /miner/).click();
      await page.getByRole('img', { name: /^Memory/ }).waitFor();
      await page.getByText(/All \d+ features/).click();
      assert.deepEqual(await faint(page), []);
      assert.deepEqual(await nameless(page), []);
    });
  }
});

describe('a server that goes away', () => {
  before(() => restart({ slices: 4 }));

  it('is noticed, and so is its return', async () => {
    const page = await look('', { allow: /ERR_|Failed to load/ });
    await sentence(page).getByText('Nothing looks like a miner.').waitFor();
    const port = Number(new URL(host.url).port);
    await host.stop();
    await sentence(page).getByText('No connection to Davy.').waitFor();
    await page.getByRole('img', { name: /The lamp is out/ }).waitFor();
    await row(page, /encoder/).waitFor();
    host = await made_up_host(port);
    await host.play(2);
    await sentence(page).getByText('Nothing looks like a miner.').waitFor();
  });
});

describe('davy watch --replay', () => {
  let played;
  before(async () => {
    played = await replay();
  });
  after(() => played.stop());

  it('shows what was recorded, and that it has ended', async () => {
    opened = await browser.page(played.url);
    const { page } = opened;
    await sentence(page).getByText('The recording has ended.').waitFor();
    await page.getByText(/^recording, as of/).waitFor();
    await page.getByRole('region', { name: 'Detections' }).getByRole('link', { name: /miner/ }).click();
    await page.getByRole('heading', { name: /^miner in .* looks like a miner$/ }).waitFor();
    await page.getByRole('img', { name: /^Rounding mode: .*up/ }).waitFor();
  });
});
