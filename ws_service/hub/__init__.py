"""One per process: receives each publication once and gives it to every subscription.

subscription  one connection's interest in one topic
tail          a topic's last publications, for who comes back
sequencer     is a doorbell the next one, an old one, or is something missing?
topic         one topic's state: joining, live, lingering; what is on its way to subscribers
synchronise   brings a topic up to the store: repairs gaps, notices another epoch
recovery      what somebody who comes back gets
renewal       keeps alive in Redis what is held here
watcher       asks the change index for doorbells that were lost
waves         tells many subscribers, a few at a time
group_link    hears groups of the channel layer, for topics that stand over them
shelf         the topics that are held: joined, lingering, forgotten
hub           all of it together
members       who is subscribed, for presence; join and leave
ledger        what this process says of who is subscribed, and what is not written yet
lease         says in Redis that this process lives
reaper        removes who was present in a process that has died
control       obeys what the site tells every process
echo          is this process able to publish, and is it heard?
send_buffer   what waits for one client
wheel         all timers of the process
"""
