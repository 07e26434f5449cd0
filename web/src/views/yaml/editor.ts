/** The editor itself: CodeMirror with YAML, told by the model what is wrong and what could come next. Loaded when it is first shown. */
import {
  acceptCompletion,
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { type Diagnostic as Finding, linter, lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import type { Diagnostic, Completion as Offer } from '../../sim/frames';
import { look } from './look';
import { afterKey, place, replaced, span } from './place';

/** How long nothing must be typed until the text is checked, in milliseconds. */
const CHECK_AFTER = 300;

/** How many problems a text has. */
export interface Findings {
  readonly errors: number;
  readonly warnings: number;
}

/** The words of an editor: its name for screen readers, and its own words by what they are in English. */
export interface Words {
  readonly label: string;
  readonly phrases: Readonly<Record<string, string>>;
}

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly words: Words;
  onChange(name: string, text: string): void;
  onApply(): void;
  onSave(): void;
  onFindings(findings: Findings): void;
  check(text: string): Promise<Diagnostic[]>;
  complete(text: string, line: number, column: number): Promise<Offer[]>;
}

export interface Editor {
  /** Shows a file; what was typed into it before can still be undone. */
  open(name: string, text: string): void;
  setWords(words: Words): void;
  /** Checks again: the cluster has changed. */
  recheck(): void;
  focus(): void;
  destroy(): void;
}

const checkAgain = StateEffect.define<null>();

function finding(state: EditorState, diagnostic: Diagnostic): Finding {
  const { message, help, warning } = diagnostic;
  return {
    ...span(state.doc, diagnostic),
    severity: warning ? 'warning' : 'error',
    message: help ? `${message}\n${help}` : message,
  };
}

async function offers(
  context: CompletionContext,
  complete: EditorOptions['complete'],
): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w./-]*/);
  const from = word?.from ?? context.pos;
  const line = context.state.doc.lineAt(context.pos);
  // By itself only where a word begins: in an empty line, or after the colon or dash where a value is due.
  if (!context.explicit && from === context.pos && !/^\s*$|[:-] $/.test(line.text.slice(0, context.pos - line.from))) {
    return null;
  }
  const text = context.state.doc.toString();
  const at = place(text, context.pos);
  const options = (await complete(text, at.line, at.column)).map(
    ({ label, detail, info }): Completion => ({
      label,
      detail,
      apply:
        label + afterKey(line.text.slice(0, from - line.from), line.text.slice(context.pos - line.from), label, detail),
      ...(info ? { info } : {}),
    }),
  );
  return options.length > 0 ? { from, options, validFor: /^[\w./-]*$/ } : null;
}

function saying({ label, phrases }: Words): Extension {
  return [EditorView.contentAttributes.of({ 'aria-label': label }), EditorState.phrases.of(phrases)];
}

/** What an editor and a text that is only read share. */
function reading(): Extension[] {
  return [
    lineNumbers(),
    foldGutter({ openText: '⌄', closedText: '›' }),
    drawSelection(),
    yaml(),
    highlightSelectionMatches(),
    look,
  ];
}

export function createEditor(options: EditorOptions): Editor {
  const compartment = new Compartment();
  const states = new Map<string, EditorState>();
  let current = '';
  let words = options.words;

  const checking = linter(
    async view => {
      const text = view.state.doc.toString();
      const found = text.trim() === '' ? [] : await options.check(text);
      const warnings = found.filter(({ warning }) => warning).length;
      options.onFindings({ errors: found.length - warnings, warnings });
      return found.map(diagnostic => finding(view.state, diagnostic));
    },
    {
      delay: CHECK_AFTER,
      needsRefresh: update => update.transactions.some(one => one.effects.some(effect => effect.is(checkAgain))),
    },
  );

  const extensions = (): Extension[] => [
    reading(),
    history(),
    lintGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    indentUnit.of('  '),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    checking,
    autocompletion({ override: [context => offers(context, options.complete)], icons: false }),
    compartment.of(saying(words)),
    keymap.of([
      {
        key: 'Mod-Enter',
        run() {
          options.onApply();
          return true;
        },
      },
      {
        key: 'Mod-s',
        run() {
          options.onSave();
          return true;
        },
      },
      { key: 'Tab', run: acceptCompletion },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...historyKeymap,
      indentWithTab,
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of(update => {
      if (update.docChanged) {
        options.onChange(current, update.state.doc.toString());
      }
    }),
  ];

  const view = new EditorView({ parent: options.parent });

  return {
    open(name, text) {
      if (name === current) {
        const change = replaced(view.state.doc.toString(), text);
        if (change) {
          view.dispatch({ changes: change });
        }
        return;
      }
      if (current !== '') {
        states.set(current, view.state);
      }
      current = name;
      const kept = states.get(name);
      view.setState(kept?.doc.toString() === text ? kept : EditorState.create({ doc: text, extensions: extensions() }));
      view.dispatch({ effects: [compartment.reconfigure(saying(words)), checkAgain.of(null)] });
    },
    setWords(next) {
      words = next;
      view.dispatch({ effects: compartment.reconfigure(saying(words)) });
    },
    recheck: () => view.dispatch({ effects: checkAgain.of(null) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** A text that is only read, and may change under the eyes of who reads it. */
export interface Reader {
  /** Shows a text. The lines that are new in it, counted from 1, are marked. */
  show(text: string, changed: readonly number[]): void;
  setWords(words: Words): void;
  destroy(): void;
}

const markLines = StateEffect.define<readonly number[]>();

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(set, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(markLines)) {
        const { doc } = transaction.state;
        const lines = effect.value.filter(line => line >= 1 && line <= doc.lines);
        return Decoration.set(lines.map(line => Decoration.line({ class: 'cm-changed' }).range(doc.line(line).from)));
      }
    }
    return set.map(transaction.changes);
  },
  provide: field => EditorView.decorations.from(field),
});

export function createReader(parent: HTMLElement, words: Words): Reader {
  const compartment = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      extensions: [
        reading(),
        marks,
        EditorState.readOnly.of(true),
        compartment.of(saying(words)),
        keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
      ],
    }),
  });
  return {
    show(text, changed) {
      const change = replaced(view.state.doc.toString(), text);
      view.dispatch({ ...(change ? { changes: change } : {}), effects: markLines.of(changed) });
    },
    setWords: next => view.dispatch({ effects: compartment.reconfigure(saying(next)) }),
    destroy: () => view.destroy(),
  };
}
