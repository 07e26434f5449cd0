/** The lessons that come along, as text. */

const files = import.meta.glob<string>('../../../scenarios/lessons/*.yaml', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The text of each lesson, by its file's name without `.yaml`. */
export const lessons: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.yaml$/g, ''), text]),
);
