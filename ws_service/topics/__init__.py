"""What may be published and who may see it.

history  how much of a topic is kept
options  what may be said about a kind of topic
topic    the class a site writes
pattern  text with converters, as in a urls.py, in both directions
group    the groups of the channel layer under a topic
skip     "this event is not for the topic"
route    a pattern and its class
table    all routes of a site: first match wins
file     routes from topics.toml, without code
compiled a table as data, for processes without the code
written  the table that the service has written into Redis
site     the table of the settings in force
names    which names are possible
"""

from ws_service.topics.history import History
from ws_service.topics.route import TopicRoute, topic
from ws_service.topics.site import site_topics, topic_name
from ws_service.topics.table import TopicTable, load_topics
from ws_service.topics.topic import Topic, UserTopic

__all__ = [
    "History",
    "Topic",
    "TopicRoute",
    "TopicTable",
    "UserTopic",
    "load_topics",
    "site_topics",
    "topic",
    "topic_name",
]
