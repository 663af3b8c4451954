"""What is seen and counted at this moment, for who looks on: pictures, news, trials."""
