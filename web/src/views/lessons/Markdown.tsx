/** Markdown as elements. Lessons can come from anybody: what isn't one of the things below is shown as it was written. */
import type { MarkedToken, Token, Tokens } from 'marked';
import type { ComponentChildren, VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { type ConsoleLine, consoleLines } from './console';
import { known, plain, safeLink, tokens } from './markdown';
import './Markdown.css';
import { text } from './text';

interface Props {
  readonly source: string;
  /** What becomes of a line that is clicked; without it lines can't be clicked. */
  readonly onRun?: (line: string) => void;
}

export function Markdown({ source, onRun }: Props): VNode {
  const blocks = useMemo(() => tokens(source), [source]);
  return <div class="markdown">{blocks.map((token, at) => <Block key={at} token={token} onRun={onRun} />)}</div>;
}

type Run = Props['onRun'];

function Inside({ of, onRun }: { of: readonly Token[] | undefined; onRun: Run }): ComponentChildren {
  return known(of).map((token, at) => <Block key={at} token={token} onRun={onRun} />);
}

function Block({ token, onRun }: { token: MarkedToken; onRun: Run }): ComponentChildren {
  switch (token.type) {
    case 'paragraph':
      return (
        <p>
          <Inside of={token.tokens} onRun={onRun} />
        </p>
      );
    case 'heading': {
      // The panel has a title of its own: a lesson's first heading stands below it.
      const Heading = token.depth <= 1 ? 'h3' : token.depth === 2 ? 'h4' : 'h5';
      return (
        <Heading>
          <Inside of={token.tokens} onRun={onRun} />
        </Heading>
      );
    }
    case 'code':
      return token.lang === 'console' ? <Console lines={consoleLines(token.text)} onRun={onRun} /> : <Listing code={token} />;
    case 'blockquote':
      return (
        <blockquote>
          <Inside of={token.tokens} onRun={onRun} />
        </blockquote>
      );
    case 'list':
      return <List list={token} onRun={onRun} />;
    case 'table':
      return <Table table={token} onRun={onRun} />;
    case 'hr':
      return <hr />;
    case 'space':
    case 'def':
    case 'checkbox':
      return null;
    default:
      return <Span token={token} onRun={onRun} />;
  }
}

function Span({ token, onRun }: { token: MarkedToken; onRun: Run }): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return (
        <strong>
          <Inside of={token.tokens} onRun={onRun} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <Inside of={token.tokens} onRun={onRun} />
        </em>
      );
    case 'del':
      return (
        <del>
          <Inside of={token.tokens} onRun={onRun} />
        </del>
      );
    case 'codespan':
      return <code>{token.text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Anchor link={token} onRun={onRun} />;
    case 'text':
      return token.tokens ? <Inside of={token.tokens} onRun={onRun} /> : plain(token.text);
    case 'escape':
      return token.text;
    default:
      return token.raw; // HTML and images: as written
  }
}

function Anchor({ link, onRun }: { link: Tokens.Link; onRun: Run }): VNode {
  const href = safeLink(link.href);
  const inside = <Inside of={link.tokens} onRun={onRun} />;
  if (href === null) return <span>{inside}</span>;
  return (
    <a href={href} title={link.title ?? undefined} target="_blank" rel="noopener noreferrer">
      {inside}
    </a>
  );
}

function List({ list, onRun }: { list: Tokens.List; onRun: Run }): VNode {
  const items = list.items.map((item, at) => (
    <li key={at}>
      <Inside of={item.tokens} onRun={onRun} />
    </li>
  ));
  return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, onRun }: { table: Tokens.Table; onRun: Run }): VNode {
  const row = (cells: readonly Tokens.TableCell[], Cell: 'th' | 'td') => (
    <tr>
      {cells.map((cell, at) => (
        <Cell key={at}>
          <Inside of={cell.tokens} onRun={onRun} />
        </Cell>
      ))}
    </tr>
  );
  return (
    <div class="markdown-table">
      <table>
        <thead>{row(table.header, 'th')}</thead>
        <tbody>{table.rows.map((cells) => row(cells, 'td'))}</tbody>
      </table>
    </div>
  );
}

function Listing({ code }: { code: Tokens.Code }): VNode {
  return (
    <pre class="listing" tabIndex={0}>
      <code>{code.text}</code>
    </pre>
  );
}

function Console({ lines, onRun }: { lines: readonly ConsoleLine[]; onRun: Run }): VNode {
  return (
    <div class="console">
      {lines.map(({ kind, text: line }, at) => {
        if (kind === 'output') {
          return (
            <div key={at} class="console-output">
              {line || '\u00a0'}
            </div>
          );
        }
        if (!onRun) {
          return (
            <div key={at} class="console-command">
              {line}
            </div>
          );
        }
        return (
          <button key={at} type="button" class="console-command" title={text().runLine} onClick={() => onRun(line)}>
            <span>{line}</span>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M4.5 2.8v10.4l8.2-5.2z" fill="currentColor" />
            </svg>
          </button>
        );
      })}
    </div>
  );
}
