/** The built site on a port of this machine, and pages that look at it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** `cargo xtask test` says where it has put the site. */
const folder = process.env['PODARIUM_SITE'] ?? fileURLToPath(new URL('../../target/site', import.meta.url));
/** Pictures to look at. */
const pictures = join(folder, '..', 'screenshots');

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    try {
      const body = readFileSync(file);
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** A browser on the site. */
export class Site {
  private readonly server: Server;
  private readonly browser: Browser;
  readonly address: string;

  private constructor(server: Server, browser: Browser) {
    this.server = server;
    this.browser = browser;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async open(): Promise<Site> {
    mkdirSync(pictures, { recursive: true });
    const server = await serve();
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Site(server, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }

  /** A page in a context of its own: nothing is remembered from another. */
  async visit(path = '', options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: 'en-US',
      colorScheme: 'dark',
      ...options,
    });
    const page = await context.newPage();
    const visit = new Visit(page, this.address);
    await page.goto(this.address + path);
    return visit;
  }
}

/** Somebody who looks at the page. */
export class Visit {
  /** What went wrong in the page's own eyes. */
  readonly complaints: string[] = [];
  /** What was loaded, by the files' names: bytes as a server sends them, gzipped. */
  readonly loaded = new Map<string, number>();
  /** What was asked of other hosts. */
  readonly strangers: string[] = [];

  readonly page: Page;

  constructor(page: Page, address: string) {
    this.page = page;
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.complaints.push(message.text());
      }
    });
    page.on('pageerror', error => this.complaints.push(error.message));
    page.on('response', response => {
      const path = new URL(response.url()).pathname;
      const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
      if (response.url().startsWith(address) && response.ok()) {
        this.loaded.set(path, gzipSync(readFileSync(file), { level: 9 }).length);
      }
    });
    page.on('request', request => {
      const url = request.url();
      if (!url.startsWith(address) && !/^(data|blob):/.test(url)) {
        this.strangers.push(url);
      }
    });
  }

  /** Past the welcome, into an empty cluster. */
  async playFreely(): Promise<void> {
    await this.page.getByRole('button', { name: /^Play freely/ }).click();
    await this.prompt();
  }

  /** Waits until the first terminal takes commands. */
  async prompt(): Promise<void> {
    await this.page.locator('.xterm-rows').first().getByText('$').first().waitFor();
  }

  /** Types a line into the first terminal. */
  async type(line: string): Promise<void> {
    await this.page
      .getByRole('textbox', { name: /^Terminal/ })
      .first()
      .focus();
    await this.page.keyboard.type(`${line}\n`);
  }

  /** Waits until the first terminal shows a text. */
  async shows(text: string | RegExp): Promise<void> {
    await this.page.locator('.xterm-rows').first().getByText(text).first().waitFor();
  }

  /** Waits until the topology counts so many pods of a state. */
  async counts(pods: number, state: string): Promise<void> {
    await this.page
      .getByRole('listitem')
      .filter({ hasText: new RegExp(`^\\s*${pods}\\s*${state}\\s*$`) })
      .waitFor();
  }

  async view(name: string): Promise<void> {
    await this.page.getByRole('tab', { name, exact: true }).click();
  }

  /** Keeps a picture, to be looked at. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** What a WCAG 2.1 AA audit finds, in lines. */
  async audit(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    return this.page.evaluate(async () => {
      const { axe: audit } = window as unknown as { axe: typeof import('axe-core') };
      const found = await audit.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
      return found.violations.map(
        violation =>
          `${violation.id}: ${violation.help}: ${violation.nodes.map(node => node.target.join(' ')).slice(0, 4)}`,
      );
    });
  }
}
