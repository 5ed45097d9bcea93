/**
 * call runs a page's callback. What it throws, or rejects with, goes to the
 * console and changes nothing else.
 */
export function call<A extends unknown[]>(name: string, callback: ((...values: A) => unknown) | undefined, ...values: A): void {
  const report = (error: unknown) => console.error(`Stowgate picker: ${name} of this page failed:`, error);
  try {
    Promise.resolve(callback?.(...values)).catch(report);
  } catch (error) {
    report(error);
  }
}
