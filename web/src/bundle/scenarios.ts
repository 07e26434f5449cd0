/** The scenarios that come along, as text: one chunk, loaded when somebody looks at the gallery or a link names one. */

const files = import.meta.glob<string>('../../../scenarios/*.yaml', { query: '?raw', import: 'default', eager: true });

export interface Bundled {
  /** The file's name without `.yaml`. */
  readonly name: string;
  readonly text: string;
}

/** All of them, by name. */
export const scenarios: readonly Bundled[] = Object.entries(files).map(([path, text]) => ({
  name: path.replace(/^.*\/|\.yaml$/g, ''),
  text,
}));
