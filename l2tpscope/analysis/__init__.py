"""Numbers with their bias stated: pairing, round trips, loss, throughput, quality."""
