"""Topics in Redis: the stream is the truth, pub/sub is the doorbell.

position     where somebody stands in a topic: an offset in an epoch
doorbell     what is published when a stream has grown
keys         the names of everything in Redis
lua/         the scripts; each is one atomic step
scripts      their arguments and answers
steps        publications of a topic that happen together
demotion     answers of a server that is not the right one any more
clients      redis clients, made in one place
connection   runs scripts, blocking and asynchronous
presence     who is subscribed to a topic
leases       which processes are alive
streams      reads streams, for the hub
link         listens for doorbells, for the hub
"""
