/**
 * Loads the module; call it once, in a worker, before anything else of the module. It resolves as soon as the module can be used.
 * `rest` resolves once the module is whole: `true`, or `false` if its second part could not be fetched (it is asked for again when it is needed).
 */
export default function load(): Promise<{ rest: Promise<boolean> }>;
