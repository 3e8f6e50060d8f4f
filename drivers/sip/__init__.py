"""The agents' phones: SIP and RTP by pjsua2 in worker processes, and the pool of them for the brain."""
