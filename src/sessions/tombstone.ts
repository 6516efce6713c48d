/** For how long the key of a session that ended is told from an unknown one, so that no late answer erases a new cookie. */
export const TOMBSTONE_SECONDS = 300
