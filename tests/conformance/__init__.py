"""The official SDKs. A package, so that what its tests share lasts as long as they do."""
