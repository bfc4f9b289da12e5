// How the page follows Davy, with stand-ins for what a browser has. UI: the folder in which the page is built.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';

const { buildSync } = createRequire(join(process.env.UI, 'package.json'))('esbuild');
const built = buildSync({ entryPoints: [join(process.env.UI, 'src/follow.ts')], bundle: true, format: 'esm', write: false });
const { follow } = await import(`data:text/javascript,${encodeURIComponent(built.outputFiles[0].text)}`);

class Stream extends EventTarget {
  static CLOSED = 2;
  static all = [];
  static refused = false;
  readyState = 0;
  constructor(url) {
    super();
    assert.equal(url, 'api/v1/events');
    Stream.all.push(this);
    if (Stream.refused) queueMicrotask(() => this.fail(2));
  }
  say(summary) {
    this.readyState = 1;
    this.onopen?.();
    this.dispatchEvent(Object.assign(new Event('slice'), { data: JSON.stringify(summary) }));
  }
  fail(state) {
    this.readyState = state;
    this.onerror?.();
  }
  close() {
    this.readyState = 2;
  }
}

const open_streams = () => Stream.all.filter((one) => one.readyState !== 2).length;
const settle = () => new Promise((done) => setImmediate(done));

let live;
let timers;
let answer;
let asked;
let page;

function see(hidden) {
  page.hidden = hidden;
  page.dispatchEvent(new Event('visibilitychange'));
  return settle();
}

/** As much time passes as the next timer waits for. */
async function later() {
  const due = [...timers.values()];
  timers.clear();
  assert.equal(due.length, 1, 'one timer, no more');
  assert.equal(due[0].after, 10_000);
  due[0].call();
  await settle();
}

function start(hidden = false) {
  page.hidden = hidden;
  return follow((news) => Object.assign(live, news));
}

beforeEach(() => {
  live = { summary: null, link: 'opening' };
  timers = new Map();
  asked = 0;
  answer = { version: 1 };
  page = Object.assign(new EventTarget(), { hidden: false });
  Stream.all = [];
  Stream.refused = false;
  globalThis.document = page;
  globalThis.EventSource = Stream;
  globalThis.setTimeout = (call, after) => {
    const id = Symbol();
    timers.set(id, { call, after });
    return id;
  };
  globalThis.clearTimeout = (id) => timers.delete(id);
  globalThis.fetch = async (url) => {
    assert.equal(url, 'api/v1/health');
    ++asked;
    if (answer === null) throw new TypeError('no connection');
    return { ok: true, json: async () => answer };
  };
});

describe('a page that is seen', () => {
  it('hears each slice, and asks for nothing', async () => {
    start();
    Stream.all[0].say({ version: 7 });
    await settle();
    assert.deepEqual(live, { summary: { version: 7 }, link: 'live' });
    assert.equal(asked, 0);
    assert.equal(timers.size, 0);
  });

  it('says when the connection is lost, and when it is back', async () => {
    start();
    Stream.all[0].say({ version: 7 });
    Stream.all[0].fail(0);
    assert.deepEqual(live, { summary: { version: 7 }, link: 'lost' });
    Stream.all[0].say({ version: 8 });
    assert.deepEqual(live, { summary: { version: 8 }, link: 'live' });
  });

  it('lets go of everything at the end', async () => {
    const end = start();
    end();
    await see(true);
    assert.equal(open_streams(), 0);
    assert.equal(timers.size + asked, 0);
  });
});

describe('a page that is hidden', () => {
  it('holds no stream, yet knows what is new', async () => {
    start();
    Stream.all[0].say({ version: 7 });
    answer = { version: 8 };
    await see(true);
    assert.equal(open_streams(), 0);
    assert.deepEqual(live, { summary: { version: 8 }, link: 'live' });
    answer = { version: 9 };
    await later();
    assert.equal(live.summary.version, 9);
    answer = null;
    await later();
    assert.equal(live.link, 'lost');
    answer = { version: 10 };
    await later();
    assert.deepEqual(live, { summary: { version: 10 }, link: 'live' });
    assert.equal(Stream.all.length, 1);
  });

  it('follows again when it is shown, and asks no more', async () => {
    start(true);
    await settle();
    assert.equal(Stream.all.length, 0);
    await see(false);
    assert.equal(open_streams(), 1);
    assert.equal(timers.size, 0);
    await see(false);
    assert.equal(open_streams(), 1);
  });
});

describe('a page that is refused', () => {
  it('asks, says so, and follows as soon as it may', async () => {
    Stream.refused = true;
    start();
    await settle();
    assert.deepEqual(live, { summary: { version: 1 }, link: 'refused' });
    answer = { version: 2 };
    await later();
    assert.deepEqual(live, { summary: { version: 2 }, link: 'refused' });
    assert.equal(Stream.all.length, 2, 'it tried again');
    Stream.refused = false;
    await later();
    Stream.all.at(-1).say({ version: 3 });
    assert.deepEqual(live, { summary: { version: 3 }, link: 'live' });
    assert.equal(open_streams(), 1);
    assert.equal(timers.size, 0);
  });

  it('says when nobody answers', async () => {
    Stream.refused = true;
    answer = null;
    start();
    await settle();
    assert.deepEqual(live, { summary: null, link: 'lost' });
  });
});
