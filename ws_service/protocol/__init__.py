"""The Centrifuge client protocol, version 2, as pure data and one state machine.

    codes      the three catalogues: reply errors, unsubscribes, disconnects
    messages   what is on the wire, field by field
    codec      bytes to commands, replies and publications to lines
    surrogates half an emoji in JSON text, which parsers refuse
    lines      encoded messages, made once and shared by connections
    allowance  how many commands a client may send
    effects    what a session asks its connection to do
    command_queue  which commands may be worked on now
    session    one connection's protocol state
    one_way    the same for a client that only listens

No clock, no I/O, no logging: time comes in as an argument, effects go out as values.
"""
