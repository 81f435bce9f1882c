/**
 * The four functions of the metadata reflection proposal that the dependency container below
 * `@peculiar/x509` asks for when it is loaded. Importing this file first is what makes that package loadable;
 * nothing of ours uses them. When a full polyfill is present already, it is left alone.
 */
type MetadataReflect = {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
};

const reflect = Reflect as MetadataReflect;
const metadata = new WeakMap<object, Map<unknown, unknown>>();

if (reflect.getMetadata === undefined) {
  const own = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);
  reflect.getOwnMetadata = own;
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
      if (metadata.get(at)?.has(key)) return own(key, at);
    }
    return undefined;
  };
  reflect.defineMetadata = (key, value, target) => {
    const entries = metadata.get(target) ?? new Map<unknown, unknown>();
    entries.set(key, value);
    metadata.set(target, entries);
  };
}
