// JSON as data, with every digit of every number kept. Pure; knows nothing of files or Terraform.

/**
 * A number whose source text an IEEE double would not give back ("12345678901234567890.25", "1.0", "-0").
 * Numbers that round-trip are plain JavaScript numbers.
 */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | number | NumberText | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** An object's own member; never one inherited from Object.prototype ("constructor", "__proto__"). */
export function member(value: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
