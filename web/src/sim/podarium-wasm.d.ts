declare module 'podarium-wasm/podarium.js' {
  const podarium: import('./module').Podarium;
  export default podarium.default;
  export const version: typeof podarium.version;
  export const checkScenario: typeof podarium.checkScenario;
  export const readLesson: typeof podarium.readLesson;
  export const Sandbox: typeof podarium.Sandbox;
}
declare module 'podarium-wasm/podarium_bg.wasm?url' {
  const url: string;
  export default url;
}
