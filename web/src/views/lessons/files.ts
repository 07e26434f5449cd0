/** The texts of all lessons of this project: one piece, loaded when the first lesson is asked for. */
export const lessonFiles: Readonly<Record<string, string>> = import.meta.glob<string>(
  '../../../../scenarios/lessons/*.yaml',
  { query: '?raw', import: 'default', eager: true },
);
