// The box's https side: requests, and the push that tells at once what is new of the agent.

import { AWAY } from "./words.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const QUIET_MS = 15000; // a request that takes longer is given up
export const TAKEN_OVER = 4001; // close codes of the push, as in push.py
export const SIGNED_OUT = 4002;

export class Refused extends Error {
  constructor(words, status) {
    super(words);
    this.status = status; // 0: the box did not answer at all
  }
}

// GET without a body, else POST it as JSON; the answer's object. Throws Refused.
export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  let answer = {};
  try {
    response = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(QUIET_MS) });
    answer = await response.json();
  } catch (error) {
    if (!response || response.ok) throw new Refused(AWAY, 0);
  }
  if (!response.ok) throw new Refused(answer.error || AWAY, response.status);
  return answer;
}

// Keeps a WebSocket open: onNews(object), onAway(), onBack(), and onEnd(code) when it is not to be opened again.
export class Push {
  constructor({ onNews, onAway, onBack, onEnd }) {
    Object.assign(this, { onNews, onAway, onBack, onEnd });
    this.pauseMs = FIRST_PAUSE_MS;
    this.socket = null;
    this.timer = 0;
  }

  open() {
    const socket = new WebSocket(`wss://${location.host}/api/push`);
    this.socket = socket;
    socket.onopen = () => {
      this.pauseMs = FIRST_PAUSE_MS;
      this.onBack();
    };
    socket.onmessage = (event) => this.onNews(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  async lost(code) {
    this.socket = null;
    if (code === TAKEN_OVER || code === SIGNED_OUT) return this.onEnd(code);
    this.onAway();
    try {
      await ask("/api/session");
    } catch (error) {
      if (error.status === 401) return this.onEnd(SIGNED_OUT);
    }
    this.timer = setTimeout(() => this.open(), this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    return undefined;
  }
}
