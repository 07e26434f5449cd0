/** What somebody does with the playground, from the first visit on. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Site, type Visit } from './site';

let site: Site;
let visits: Visit[] = [];

beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());
afterEach(async () => {
  for (const visit of visits) {
    await visit.page.context().close();
  }
  visits = [];
});

async function visit(...args: Parameters<Site['visit']>): Promise<Visit> {
  const made = await site.visit(...args);
  visits.push(made);
  return made;
}

/** Nothing is to be complained about, and nobody else was asked for anything. */
function expectCalm(...all: Visit[]): void {
  for (const one of all) {
    expect(one.complaints).toEqual([]);
    expect(one.strangers).toEqual([]);
  }
}

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: pc-deployment}
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx-pod}}
  template:
    metadata: {labels: {app: nginx-pod}}
    spec: {containers: [{name: nginx, image: "nginx:1.17.1"}]}
`;

test('a first visit: a cluster, a deployment, a rolling update, the way back, another future', async () => {
  const here = await visit();
  await here.playFreely();
  await here.type('kubectl create deployment web --image=nginx:1.17.1 --replicas=3');
  await here.shows('deployment.apps/web created');
  await here.type('until pods ready');
  await here.shows(/it is .* later/);
  await here.counts(3, 'Ready');
  await here.picture('topology');

  await here.type('kubectl set image deployment/web nginx=nginx:1.17.2');
  await here.shows('image updated');
  await here.type('kubectl rollout status deployment/web');
  await here.shows('Waiting for deployment');
  await here.view('Ownership');
  await here.picture('ownership-half-way');
  await here.shows('successfully rolled out');

  // Back to where the old version ran alone, and another way from there.
  const moment = here.page.getByRole('slider', { name: 'Moment' });
  await moment.focus();
  await here.page.keyboard.press('Home');
  await here.page.getByText(/in the past/).waitFor();
  await here.type('kubectl create deployment other --image=redis');
  await here.shows('deployment.apps/other created');
  await here.page.getByRole('button', { name: /create deployment other.*Branches of time/ }).waitFor();
  expectCalm(here);
});

test('a manifest is written in the editor, its mistakes are shown at their lines, and it is applied', async () => {
  const here = await visit();
  await here.playFreely();
  await here.view('YAML');
  await here.page.getByRole('button', { name: 'Deployment', exact: true }).click();
  const editor = here.page.locator('.cm-content').first();
  await editor.waitFor();
  await editor.click();
  await here.page.keyboard.press('Control+a');
  await here.page.keyboard.insertText(MANIFEST.replace('replicas', 'replicsa'));
  await here.page.locator('.cm-lint-marker-error').first().waitFor();
  await here.picture('editor-mistake');
  await here.page.keyboard.press('Control+a');
  await here.page.keyboard.insertText(MANIFEST);
  await expect.poll(() => here.page.locator('.cm-lint-marker-error').count()).toBe(0);
  await here.page.keyboard.press('Control+Enter');
  await here.shows('deployment.apps/pc-deployment created');
  expectCalm(here);
});

test('why: from a pod back to what was typed', async () => {
  const here = await visit();
  await here.playFreely();
  await here.type('kubectl create deployment web --image=nginx --replicas=2');
  await here.type('until pods ready');
  await here.shows(/it is .* later/);
  await here.page.getByRole('button', { name: /^Search objects/ }).click();
  await here.page.getByRole('combobox', { name: /search/i }).fill('web-');
  await here.page.getByRole('option', { name: /web-/ }).first().click();
  await here.page.getByRole('complementary').getByText('kubectl create deployment web').first().waitFor();
  await here.picture('why');
  expectCalm(here);
});

test('a packet is followed hop by hop', async () => {
  const here = await visit();
  await here.playFreely();
  await here.type('kubectl create deployment web --image=nginx --replicas=2');
  await here.type('kubectl expose deployment web --port=80');
  await here.type('until pods ready');
  await here.shows(/it is .* later/);
  await here.type('wait 1s');
  await here.view('Packet');
  await here.page.getByRole('combobox', { name: /from/i }).fill('node/node-1');
  await here.page.getByRole('combobox', { name: /^to/i }).fill('svc/web:80');
  await here.page.keyboard.press('Enter');
  await here.page
    .getByText(/KUBE-SERVICES/)
    .first()
    .waitFor();
  await here.picture('packet');
  expectCalm(here);
});

test('the views show the same run, in both themes', async () => {
  const here = await visit('', { colorScheme: 'light' });
  await here.page.getByRole('button', { name: /^Watch a rolling update/ }).click();
  await here.shows('deployment.apps/web created');
  await here.page.getByRole('button', { name: 'Back to now' }).click();
  for (const name of ['Control plane', 'Ownership', 'Timeline', 'Events', 'Metrics', 'YAML', 'Packet', 'Topology']) {
    await here.view(name);
    await here.page.getByRole('region', { name, exact: true }).waitFor();
    await here.page.waitForTimeout(700);
    await here.picture(`light-${name.toLowerCase().replace(' ', '-')}`);
  }
  await here.page.emulateMedia({ colorScheme: 'dark' });
  for (const name of ['Control plane', 'Timeline', 'Metrics']) {
    await here.view(name);
    await here.page.waitForTimeout(700);
    await here.picture(`dark-${name.toLowerCase().replace(' ', '-')}`);
  }
  expectCalm(here);
});

test('a lesson is solved', async () => {
  const here = await visit();
  await here.page.getByRole('button', { name: /^Start with lesson one/ }).click();
  const panel = here.page.getByRole('complementary');
  await panel.getByRole('heading').first().waitFor();
  await here.prompt();
  await here.picture('lesson');
  await panel.getByRole('button', { name: /solution/i }).click();
  await here.page.getByRole('button', { name: 'Type it for me' }).click();
  await panel.getByText('Solved', { exact: true }).waitFor();
  await here.picture('lesson-solved');
  expectCalm(here);
});

test('a share link holds the run, and opens elsewhere', async () => {
  const here = await visit();
  await here.playFreely();
  await here.type('kubectl create deployment web --image=nginx --replicas=2');
  await here.shows('deployment.apps/web created');
  await here.type('until pods ready');
  await here.shows(/it is .* later/);
  await here.page.getByRole('button', { name: 'Pause' }).click();
  await here.page.getByRole('button', { name: 'Share' }).click();
  const field = here.page.getByRole('dialog').getByRole('textbox').first();
  await expect.poll(() => field.inputValue()).toContain('#v1.');
  const link = await field.inputValue();

  const there = await visit(link.slice(site.address.length));
  await there.counts(2, 'Ready');
  expectCalm(here, there);
});

test('a broken link explains itself and offers the default', async () => {
  const here = await visit('#v1.broken');
  await here.page.getByRole('alert').getByText('This link is damaged').waitFor();
  await here.picture('broken-link');
  await here.prompt();
  await here.type('kubectl get nodes');
  await here.shows('node-3');
  expect(here.strangers).toEqual([]);
});

test('everything is there in Chinese', async () => {
  const here = await visit('?lang=zh', { locale: 'zh-CN' });
  await expect.poll(() => here.page.locator('html').getAttribute('lang')).toMatch(/^zh/);
  await here.picture('chinese-welcome');
  await here.page.getByRole('dialog').getByRole('button').nth(1).click();
  await here.prompt();
  const words = await here.page.locator('body').ariaSnapshot();
  expect(words).toMatch(/拓扑/);
  expect(words).not.toMatch(/Topology|Control plane|Timeline/);
  await here.picture('chinese');
  expectCalm(here);
});

test('a phone shows one thing at a time', async () => {
  const here = await visit('', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await here.page.getByRole('button', { name: /^Watch a rolling update/ }).click();
  await here.page.waitForTimeout(3000);
  await here.picture('phone');
  const wide = await here.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(wide).toBe(false);
  expectCalm(here);
});

test('an embedded view shows what was asked for, and no more', async () => {
  const here = await visit('?embed&views=topology,terminal', { viewport: { width: 720, height: 480 } });
  await here.page.locator('.xterm').waitFor();
  expect(await here.page.getByRole('banner').count()).toBe(0);
  await here.picture('embed');
  expectCalm(here);
});

test.each(['dark', 'light'] as const)('an audit finds nothing, %s', async colorScheme => {
  const here = await visit('', { colorScheme });
  const found = await here.audit();
  await here.page.getByRole('button', { name: /^Watch a rolling update/ }).click();
  await here.shows('deployment.apps/web created');
  for (const name of ['Topology', 'Control plane', 'Ownership', 'Timeline', 'Packet', 'YAML', 'Events', 'Metrics']) {
    await here.view(name);
    await here.page.waitForTimeout(500);
    found.push(...(await here.audit()).map(line => `${name}: ${line}`));
  }
  expect(found).toEqual([]);
  expectCalm(here);
});

test('it works without a network after the first visit', async () => {
  const here = await visit();
  await here.playFreely();
  await here.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await here.page.waitForTimeout(3000);
  await here.page.context().setOffline(true);
  await here.page.reload();
  await here.prompt();
  await here.type('kubectl get nodes');
  await here.shows('node-3');
});

/** The rest of the module is fetched when the page can be used already: docs/adr/0008. */
const LATER = /podarium_rest|service-worker|\.webmanifest$|\.png$/;
const FIRST_LOAD_MAX = 1_500_000;

test('a first load is small', async () => {
  // Without a service worker, which fetches everything for later.
  const here = await visit('', { serviceWorkers: 'block' });
  await here.playFreely();
  const first = [...here.loaded].filter(([path]) => !LATER.test(path));
  expect(first.filter(([path]) => path.endsWith('.wasm'))).toHaveLength(1);
  expect(first.filter(([path]) => /(worker|Terminals|Topology)-[^/]*\.js$/.test(path))).toHaveLength(3);
  const bytes = first.reduce((sum, [, size]) => sum + size, 0);
  expect(bytes, first.map(([path, size]) => `${size} ${path}`).join('\n')).toBeLessThan(FIRST_LOAD_MAX);
});
