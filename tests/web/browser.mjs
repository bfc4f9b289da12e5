// What the tests of the page share: servers to look at and a browser that notices every complaint.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const kFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A program whose standard output is read line by line. */
function lines_of(child) {
  const waiting = [];
  const ready = [];
  let over = false;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => (waiting.length ? waiting.shift().resolve(line) : ready.push(line)));
  lines.on('close', () => {
    over = true;
    for (const each of waiting) each.reject(new Error('the program ended'));
  });
  return () => {
    if (ready.length) return Promise.resolve(ready.shift());
    if (over) return Promise.reject(new Error('the program ended'));
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', done);
    child.kill('SIGTERM');
  });
}

/** davy_page: a made-up host that moves when told to. */
export async function made_up_host(port = 0) {
  const child = spawn(process.env.DAVY_PAGE, [String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const next = lines_of(child);
  const url = await next();
  const tell = async (line) => {
    child.stdin.write(`${line}\n`);
    assert.equal(await next(), 'done');
  };
  return {
    url,
    play: (slices) => tell(`play ${slices}`),
    miner: (slices) => tell(`miner ${slices}`),
    end: () => tell('end'),
    stop: () => stop(child),
  };
}

/** `davy watch --replay` on a recording of made-up processes. */
export async function replay() {
  const folder = mkdtempSync(join(tmpdir(), 'davy-replay-'));
  execFileSync(process.env.DAVY_STAGE, [folder]);
  const words = ['watch', '--replay', join(folder, 'host.davy'), '--model', join(folder, 'model.davym'), '--speed', '0', '--listen', '127.0.0.1:0'];
  const child = spawn(process.env.DAVY, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stdout = child.stderr;
  const next = lines_of(child);
  let url = null;
  while (url === null) url = /http:\/\/[\d.]+:\d+/.exec(await next())?.[0] ?? null;
  return {
    url,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A page is drawn anew some time after it was touched: runs `check` until it passes, for 5 s at most; then its failure counts. */
export async function eventually(check) {
  const until = Date.now() + 5000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One browser with a profile of its own; pages that fail when anything is complained of or sent elsewhere. */
export async function open_browser() {
  const profile = mkdtempSync(join(tmpdir(), 'davy-browser-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath: '/usr/bin/chromium', headless: true, args: kFlags, timezoneId: 'UTC' });
  context.setDefaultTimeout(30000);
  return {
    /** `allow`: complaints that the test causes on purpose. */
    async page(url, { width = 1280, height = 900, dark = false, allow = null } = {}) {
      const page = await context.newPage();
      const complaints = [];
      const home = url.startsWith('file:') ? url : new URL(url).origin;
      const complain = (text) => allow?.test(text) || complaints.push(text);
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(message.text()));
      page.on('pageerror', (error) => complain(error.message));
      page.on('dialog', (dialog) => complain(`dialog: ${dialog.message()}`));
      page.on('request', (request) => request.url().startsWith(home) || complain(`sent elsewhere: ${request.url()}`));
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
      await page.goto(url);
      return { page, complaints };
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Nodes that a screen reader meets and cannot name; of those that it meets there must be some, else nothing was seen. */
export async function nameless(page, at_least = 6) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const roles = new Set(['link', 'button', 'image', 'img', 'heading', 'region', 'table', 'DisclosureTriangle']);
  const need = nodes.filter((node) => !node.ignored && roles.has(node.role?.value));
  assert.ok(need.length >= at_least, 'the accessibility tree is nearly empty');
  return need.filter((node) => node.role.value !== 'table' && !node.name?.value?.trim()).map((node) => node.role.value);
}

/** Texts whose contrast with what is behind them is below 4.5 (WCAG AA), with the contrast. */
export const faint = (page) =>
  page.evaluate(() => {
    const parse = (colour) => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const colour = parse(getComputedStyle(e).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const element = node.parentElement;
      if (!node.textContent.trim() || !element.checkVisibility() || element.closest('noscript')) continue;
      const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < 4.5) found.push(`${node.textContent.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return [...new Set(found)];
  });

/** How far things jumped since the page was opened (Cumulative Layout Shift), input aside. */
export const jumps = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(sum), 200);
      }),
  );

/** Pixels by which the page is wider than the window. */
export const overflow = (page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

/** Whether anything is drawn on a chart's canvas. */
export const drawn = (canvas) =>
  canvas.evaluate((element) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    let inked = 0;
    for (let i = 3; i < data.length; i += 4) inked += data[i] > 0 ? 1 : 0;
    return inked;
  });
