const peer = Object.freeze({ address: '127.0.0.1', encrypted: false })

/** The least that satisfies `RequestSource`: what is measured is the decision, not a view. */
export class Source {
  constructor(name, value, address) {
    this.native = this
    this.name = name
    this.value = value
    this.method = 'GET'
    this.target = '/'
    this.peer = address === undefined ? peer : { address, encrypted: false }
    this.gone = false
  }
  get signal() {
    return new AbortController().signal
  }
  header(name) {
    return name === this.name ? this.value : undefined
  }
}
