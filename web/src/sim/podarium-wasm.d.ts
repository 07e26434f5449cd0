declare module 'podarium-wasm/podarium.js' {
  const podarium: import('./module').Podarium;
  export default function init(): Promise<unknown>;
  export const version: typeof podarium.version;
  export const lastPanic: typeof podarium.lastPanic;
  export const checkScenario: typeof podarium.checkScenario;
  export const readLesson: typeof podarium.readLesson;
  export const proveLesson: typeof podarium.proveLesson;
  export const acts: typeof podarium.acts;
  export const watches: typeof podarium.watches;
  export const Sandbox: typeof podarium.Sandbox;
}
declare module 'podarium-wasm/load.js' {
  export default function load(): Promise<unknown>;
}
