/** Reads Markdown into tokens. What they look like is Markdown.tsx's matter; nothing ever becomes HTML text. */
import { Marked, type MarkedToken, type Token } from 'marked';

const marked = new Marked({
  extensions: [
    {
      // In Chinese no space stands around bold words, and the rules of CommonMark then don't see the end of `**注意：**后面`. Two
      // asterisks are always a pair here.
      name: 'strong',
      level: 'inline',
      start: source => source.indexOf('**'),
      tokenizer(source) {
        const found = /^\*\*(?=\S)([^*\n]*[^*\s])\*\*(?!\*)/.exec(source);
        if (!found) {
          return undefined;
        }
        const [raw, text = ''] = found;
        return { type: 'strong', raw, text, tokens: this.lexer.inlineTokens(text) };
      },
    },
  ],
});

export function tokens(text: string): MarkedToken[] {
  return known(marked.lexer(text));
}

/** The tokens of a line: no lists, no blocks. */
export function phrase(text: string): MarkedToken[] {
  return known(marked.Lexer.lexInline(text, marked.defaults));
}

/** Tokens of the kinds that the library itself makes: we add none of our own kind. */
export function known(tokens: readonly Token[] | undefined): MarkedToken[] {
  return (tokens ?? []) as MarkedToken[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: '\u00a0',
};

const CJK = '[\\u3000-\\u303f\\u4e00-\\u9fff\\uff00-\\uffef“”‘’…—]';
const BREAK = new RegExp(`(?<=${CJK})\\n|\\n(?=${CJK})`, 'g');

/** Text as it is meant: `&lt;` is `<` (elements need no escaping), and Chinese has no space where a line of the source ends. */
export function plain(text: string): string {
  return text
    .replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(BREAK, '');
}

/** Where a link may lead: to a page or a place in this one, never to a script or to data. */
export function safeLink(href: string): string | null {
  return /^(https?:\/\/|#|\.{0,2}\/)/i.test(href) ? href : null;
}
