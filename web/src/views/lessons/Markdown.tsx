/** Markdown as elements. Lessons can come from anybody: what isn't one of the things below is shown as it was written. */
import type { MarkedToken, Token, Tokens } from 'marked';
import type { ComponentChildren, VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { type ConsoleLine, consoleLines } from './console';
import { known, phrase, plain, safeLink, tokens } from './markdown';
import './Markdown.css';
import { text } from './text';

/** What can be done with words of a text. */
export interface Doing {
  /** What becomes of a line that is clicked; without it lines can't be clicked. */
  readonly onRun?: (line: string) => void;
  /** What bold words open when they are clicked; `null`: nothing. */
  readonly opens?: (words: string) => (() => void) | null;
}

interface Props extends Doing {
  readonly source: string;
}

export function Markdown({ source, ...doing }: Props): VNode {
  const blocks = useMemo(() => tokens(source), [source]);
  return (
    <div class="markdown">
      <Inside of={blocks} doing={doing} />
    </div>
  );
}

/** Markdown within a line: for goals and the like. */
export function Phrase({ source }: { source: string }): VNode {
  const blocks = useMemo(() => phrase(source), [source]);
  return (
    <span class="phrase">
      <Inside of={blocks} doing={{}} />
    </span>
  );
}

function Inside({ of, doing }: { of: readonly Token[] | undefined; doing: Doing }): ComponentChildren {
  return known(of).map((token, at) => <Block key={at} token={token} doing={doing} />);
}

function Block({ token, doing }: { token: MarkedToken; doing: Doing }): ComponentChildren {
  switch (token.type) {
    case 'paragraph':
      return (
        <p>
          <Inside of={token.tokens} doing={doing} />
        </p>
      );
    case 'heading': {
      // The panel has a title of its own: a lesson's first heading stands below it.
      const Heading = token.depth <= 1 ? 'h3' : token.depth === 2 ? 'h4' : 'h5';
      return (
        <Heading>
          <Inside of={token.tokens} doing={doing} />
        </Heading>
      );
    }
    case 'code':
      return token.lang === 'console' ? (
        <Console lines={consoleLines(token.text)} doing={doing} />
      ) : (
        <Listing code={token} />
      );
    case 'blockquote':
      return (
        <blockquote>
          <Inside of={token.tokens} doing={doing} />
        </blockquote>
      );
    case 'list':
      return <List list={token} doing={doing} />;
    case 'table':
      return <Table table={token} doing={doing} />;
    case 'hr':
      return <hr />;
    case 'space':
    case 'def':
    case 'checkbox':
      return null;
    default:
      return <Span token={token} doing={doing} />;
  }
}

function Span({ token, doing }: { token: MarkedToken; doing: Doing }): ComponentChildren {
  switch (token.type) {
    case 'strong': {
      const open = doing.opens?.(token.text) ?? null;
      const inside = <Inside of={token.tokens} doing={doing} />;
      return open ? (
        <button type="button" class="opens" onClick={open}>
          {inside}
        </button>
      ) : (
        <strong>{inside}</strong>
      );
    }
    case 'em':
      return (
        <em>
          <Inside of={token.tokens} doing={doing} />
        </em>
      );
    case 'del':
      return (
        <del>
          <Inside of={token.tokens} doing={doing} />
        </del>
      );
    case 'codespan':
      return <code>{token.text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Anchor link={token} doing={doing} />;
    case 'text':
      return token.tokens ? <Inside of={token.tokens} doing={doing} /> : plain(token.text);
    case 'escape':
      return token.text;
    default:
      return token.raw; // HTML and images: as written
  }
}

function Anchor({ link, doing }: { link: Tokens.Link; doing: Doing }): VNode {
  const href = safeLink(link.href);
  const inside = <Inside of={link.tokens} doing={doing} />;
  if (href === null) return <span>{inside}</span>;
  return (
    <a href={href} title={link.title ?? undefined} target="_blank" rel="noopener noreferrer">
      {inside}
    </a>
  );
}

function List({ list, doing }: { list: Tokens.List; doing: Doing }): VNode {
  const items = list.items.map((item, at) => (
    <li key={at}>
      <Inside of={item.tokens} doing={doing} />
    </li>
  ));
  return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, doing }: { table: Tokens.Table; doing: Doing }): VNode {
  const row = (cells: readonly Tokens.TableCell[], Cell: 'th' | 'td') => (
    <tr>
      {cells.map((cell, at) => (
        <Cell key={at}>
          <Inside of={cell.tokens} doing={doing} />
        </Cell>
      ))}
    </tr>
  );
  return (
    <div class="markdown-table">
      <table>
        <thead>{row(table.header, 'th')}</thead>
        <tbody>{table.rows.map(cells => row(cells, 'td'))}</tbody>
      </table>
    </div>
  );
}

function Listing({ code }: { code: Tokens.Code }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class="listing" tabIndex={0}>
      <code>{code.text}</code>
    </pre>
  );
}

function Console({ lines, doing: { onRun } }: { lines: readonly ConsoleLine[]; doing: Doing }): VNode {
  return (
    <div class="console">
      {lines.map(({ kind, text: line }, at) => {
        if (kind === 'command' && onRun) {
          return (
            <button key={at} type="button" class="console-command" title={text().runLine} onClick={() => onRun(line)}>
              <span>{line}</span>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d="M4.5 2.8v10.4l8.2-5.2z" fill="currentColor" />
              </svg>
            </button>
          );
        }
        return (
          <div key={at} class={`console-${kind}`}>
            {line || '\u00a0'}
          </div>
        );
      })}
    </div>
  );
}
