"""What this service is worth beside the set-up of Channels' tutorial, measured in one run.

    fan_out     one burst to many clients: deliveries per second, counted at the clients
    publish     sequential calls from synchronous code
    topics      many topics, many subscribers: memory, latency, commands to Redis
    policies    what others notice of policies that raise, sleep, or lose their database

    arena       a Redis and server processes on one core; this process and publishers on the other
    contestant  a server process, how it is started, and what its clients speak
    crowd       many WebSocket connections in this process
    connection  one of them, as bare as it can be
    member      a client that tries again, in `policies`
    shape       who is subscribed to what, in `topics`
    burst       one round of `fan_out`
    frames      WebSocket frames, the part of RFC 6455 that the load needs
    dialect     what clients say and how a delivery looks: the tutorial's, the Centrifuge protocol's
    publication the payload: its number, its time, its size
    publishers/ processes that publish when they are told to
    textbook/   the Django project of Channels' tutorial
    site/       the same small site with this service
    redis_commands  what a Redis was asked to do
    report      tables on the screen, JSON into .dev/bench/

``python3 dev.py bench [name]`` runs them; docs/performance.md says what the figures mean.
"""
