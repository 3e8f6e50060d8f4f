"""The edge under real phones and real attackers: Kamailio on loopback, fake workers behind it."""
