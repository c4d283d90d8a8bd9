import { Decimal128 } from 'mongodb';

/** A price in exact decimals, whatever kind of number it was kept as. */
export function exactPrice(price: number | string): Decimal128 {
  return Decimal128.fromString(Number(price).toFixed(2));
}
