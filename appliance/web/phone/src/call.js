// One call of this phone, either way: its state, what can be done with it, and its sound.

import JsSIP from "jssip";
import { withOneCodec } from "./codec.js";
import { NO_DIGITS, NO_SOUND, failed } from "./words.js";

export const State = Object.freeze({ RINGING: "ringing", CALLING: "calling", UP: "up", ENDED: "ended" });
const MOVES = {
  [State.RINGING]: [State.UP, State.ENDED],
  [State.CALLING]: [State.UP, State.ENDED],
  [State.UP]: [State.ENDED],
  [State.ENDED]: [],
};
const GATHER_MS = 30; // own addresses are known at once; the rest are TCP's, which nobody uses
const READY_MS = 100;
const READY_TRIES = 50;
const DIGIT_MS = 100; // a digit, and the pause after it
const HEAL_MS = 3000; // the least between two attempts to get lost sound back
const REFUSED_OFFERS = ["Hold Failed", "Unhold Failed", "Media Renegotiation Failed"]; // JsSIP's words
const AUTO_ANSWER = /answer-after\s*=\s*0|info\s*=\s*"?<?alert-autoanswer|auto-?answer/i;

export class Call {
  // `changed(call)` is told of everything that a screen would show.
  constructor({ session, number, name, incoming, autoAnswer, sound, changed }) {
    this.session = session;
    this.number = number;
    this.name = name;
    this.incoming = incoming;
    this.autoAnswer = autoAnswer;
    this.sound = sound;
    this.changed = () => changed(this);
    this.state = incoming ? State.RINGING : State.CALLING;
    this.since = Date.now();
    this.muted = false;
    this.held = false;
    this.heldByOther = false;
    this.says = "";
    this.audio = null;
    this.healed = 0;
    this.moved = false;
    this.outliveRefusals();
    this.listen();
  }

  move(state, says = "") {
    if (!MOVES[this.state].includes(state)) return;
    this.state = state;
    this.since = Date.now();
    this.says = says;
    this.changed();
  }

  listen() {
    const session = this.session;
    if (session.connection) this.hear(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => this.hear(peerconnection));
    session.on("icecandidate", ({ candidate, ready }) => {
      if (candidate.protocol === "udp") setTimeout(ready, GATHER_MS);
    });
    session.on("sdp", (local) => {
      if (local.originator === "local" && local.type === "answer") local.sdp = withOneCodec(local.sdp);
    });
    session.on("accepted", () => this.move(State.UP));
    session.on("confirmed", () => this.move(State.UP));
    session.on("failed", ({ message, cause }) => this.over(message, cause));
    session.on("ended", () => this.over());
    session.on("hold", ({ originator }) => this.hold(originator, true));
    session.on("unhold", ({ originator }) => this.hold(originator, false));
    session.on("muted", () => this.set({ muted: true }));
    session.on("unmuted", () => this.set({ muted: false }));
  }

  set(values) {
    Object.assign(this, values);
    this.changed();
  }

  hold(originator, on) {
    this.set(originator === "local" ? { held: on } : { heldByOther: on });
  }

  over(message, cause) {
    if (this.audio) {
      this.audio.pause();
      this.audio.srcObject = null;
    }
    const status = message && message.status_code;
    const ours = this.incoming || this.hungUp || !cause;
    this.move(State.ENDED, ours ? "" : failed(status, cause));
  }

  hear(connection) {
    connection.addEventListener("track", ({ streams, track }) => {
      this.audio = this.sound.play(streams[0] || new MediaStream([track]));
    });
    connection.addEventListener("iceconnectionstatechange", () => {
      const state = connection.iceConnectionState;
      if (state === "disconnected" || state === "failed") this.heal();
      if (state === "connected" && this.says === NO_SOUND) this.set({ says: "" });
    });
  }

  // Sound or signalling was lost for a while: offer again where we are, until it is taken and sound flows.
  heal() {
    clearTimeout(this.healing);
    if (this.state !== State.UP) return;
    const flows = ["connected", "completed"].includes(this.session.connection.iceConnectionState);
    if (flows && !this.moved) return;
    if (!flows) this.set({ says: NO_SOUND });
    if (Date.now() - this.healed >= HEAL_MS && this.session.isReadyToReOffer()) this.offerAgain();
    this.healing = setTimeout(() => this.heal(), HEAL_MS / 3);
  }

  // Signalling is back: the far end has to know where we are now.
  refresh() {
    this.moved = true;
    this.heal();
  }

  offerAgain() {
    this.healed = Date.now();
    this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, () => (this.moved = false));
  }

  // JsSIP ends a call whose re-INVITE is refused; the edge refuses one while its relay starts anew, so here
  // it is offered again until it is taken, with the hold that was asked for.
  outliveRefusals() {
    const terminate = this.session.terminate.bind(this.session);
    this.session.terminate = (options = {}) => {
      if (REFUSED_OFFERS.includes(options.reason_phrase)) setTimeout(() => this.refresh(), HEAL_MS);
      else terminate(options);
    };
  }

  answer() {
    if (this.state !== State.RINGING || this.answered) return;
    this.answered = true;
    this.session.answer({ mediaConstraints: this.sound.constraints(), pcConfig: { iceServers: [] } });
  }

  hangUp() {
    this.hungUp = true;
    if (!this.session.isEnded()) {
      this.session.terminate(this.state === State.RINGING ? { status_code: 486 } : {});
    }
  }

  toggleMute() {
    if (this.muted) this.session.unmute({ audio: true });
    else this.session.mute({ audio: true });
  }

  toggleHold() {
    const on = !this.held;
    this.whenReady(() => (on ? this.session.hold() : this.session.unhold()));
  }

  putOnHold() {
    if (!this.held) this.whenReady(() => this.session.hold());
  }

  // One offer at a time (RFC 3261 14.1): an act that offers waits for the one before.
  whenReady(act, tries = READY_TRIES) {
    if (this.state !== State.UP || !tries) return;
    if (this.session.isReadyToReOffer()) act();
    else setTimeout(() => this.whenReady(act, tries - 1), READY_MS);
  }

  digit(digit) {
    const able = this.session.connection.getSenders().some(({ dtmf }) => dtmf && dtmf.canInsertDTMF);
    if (!able) {
      this.set({ says: NO_DIGITS });
      return;
    }
    const transportType = JsSIP.C.DTMF_TRANSPORT.RFC2833; // by RFC 4733, that is
    this.session.sendDTMF(digit, { transportType, duration: DIGIT_MS, interToneGap: DIGIT_MS });
  }

  // To `uri`, at once or, with `other`, by joining our two calls. Resolves to "" or to what went wrong.
  transfer(uri, other) {
    return new Promise((done) => {
      const gone = ({ response, status_line: line }) =>
        done(failed((response || line || {}).status_code, "Request Timeout"));
      this.session.refer(uri, {
        replaces: other && other.session,
        eventHandlers: { accepted: () => done(""), failed: gone, requestFailed: gone },
      });
      this.session.on("ended", () => done("")); // the box took the call from us: it is done
    });
  }
}

export function wantsAutoAnswer(request) {
  return ["Call-Info", "Alert-Info", "Answer-Mode"].some((name) => {
    const value = request.getHeader(name) || "";
    return AUTO_ANSWER.test(value) || (name === "Answer-Mode" && /^auto/i.test(value));
  });
}
