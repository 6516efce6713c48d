/** Something that ends, as a heap keeps it. */
export interface Ending {
  /** In seconds since 1970. Tell the heap when it changes. */
  endsAt: number
  /** Where the heap has it; -1 when it has not. Written by the heap alone. */
  place: number
}

/** A binary heap of what ends, the soonest on top. Each knows its place, so that what is removed leaves nothing behind. */
export class ExpiryHeap<T extends Ending> {
  readonly #items: T[] = []

  /** The one that ends soonest. */
  get soonest(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    this.#settle(item, this.#items.length)
  }

  remove(item: T): void {
    const { place } = item
    const last = this.#items.pop()
    item.place = -1
    if (last !== undefined && last !== item) this.#settle(last, place)
  }

  /** Finds the place of one whose end has changed. */
  moved(item: T): void {
    this.#settle(item, item.place)
  }

  /** Puts an item where it belongs, given that only the item itself may be out of order. */
  #settle(item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = this.#items[(place - 1) >> 1]
      if (parent === undefined || parent.endsAt <= item.endsAt) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    for (;;) {
      const child = this.#sooner(2 * place + 1, 2 * place + 2)
      if (child === undefined || child.endsAt >= item.endsAt) break
      const next = child.place
      this.#put(child, place)
      place = next
    }
    this.#put(item, place)
  }

  #sooner(left: number, right: number): T | undefined {
    const [a, b] = [this.#items[left], this.#items[right]]
    if (a === undefined || b === undefined) return a
    return b.endsAt < a.endsAt ? b : a
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}
